"""LabelMe: a JSON file for each image, outlines in pixels."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from xaudit.core.case import Region, Study
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.annotations.placed import Patch, ellipse
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import files_below, read_json_file, split_of
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.one_each import Folders, list_each
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_list, a_name, a_number, a_path, a_ring, a_size, pairs
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_MOST_PIXELS = 80_000_000
_KEYS = {"shapes", "imagePath"}


def list_labelme(spec: DataSpec, options: Options) -> Listing:
    """Images, and the shapes of the JSON files that name them.

    Polygons of one group are one lesion; flags of an image are classes of the whole image. A file
    without a shape says that nothing is there: LabelMe writes none before it is told to save.

    Raises:
        DataError: a file is none of LabelMe; every mistake.
    """

    def entry(path: Path, folders: Folders) -> Entry | None:
        return _entry(path, folders, even_odd=spec.holes == "even_odd")

    return list_each(spec, options, (".json",), entry)


LAYOUT = Layout("labelme", "LabelMe", list_labelme, takes=("annotations", "images", "grid"))


@FORMATS.register("labelme")
def read_labelme(spec: DataSpec) -> Study:
    """The study of a LabelMe folder; labels are its classes, as declared.

    Raises:
        DataError: see `list_labelme` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_labelme(folder: Path) -> Inspection | None:
    """What a LabelMe folder holds, if a folder is one."""
    files = list(files_below(folder, (".json",)))
    return inspect_layout(folder, LAYOUT) if any(map(_is_labelme, files[:20])) else None


RECOGNIZERS.add("labelme", Recognizer(recognize_labelme, 2))


def _is_labelme(path: Path) -> bool:
    try:
        content = read_json_file(path)
    except DataError:
        return False
    return isinstance(content, dict) and set(content) >= _KEYS


def _entry(path: Path, folders: Folders, *, even_odd: bool) -> Entry | None:
    content = read_json_file(path)
    if not isinstance(content, dict) or not set(content) >= _KEYS:
        return None
    image = folders.image_of(path, a_path(content["imagePath"], f"{path.name} imagePath"))
    size = a_size(content.get("imageHeight"), content.get("imageWidth"), path.name)
    flags = content.get("flags")
    whole = [
        Shape(a_name(name, f"{path.name} flags"), whole=True)
        for name, said in (flags.items() if isinstance(flags, dict) else ())
        if said is True
    ]
    shapes = _shapes(content["shapes"], path.name, even_odd=even_odd)
    split = split_of(image.relative_to(folders.root))
    return Entry(image, (*shapes, *whole), seen=True, size=size, split=split)


def _shapes(value: object, file: str, *, even_odd: bool) -> list[Shape]:
    found: list[Shape] = []
    groups: dict[tuple[str, Any], int] = {}
    for number, one in enumerate(a_list(value, f"{file} shapes")):
        where = f"{file} shapes[{number}]"
        if not isinstance(one, dict):
            raise DataError(f"{where}: expected an object")
        name = a_name(one.get("label"), f"{where} label")
        region = _region(one, where, even_odd=even_odd)
        group = one.get("group_id")
        key = (name, group) if isinstance(group, int) else None
        first = groups.get(key) if key and isinstance(region, Polygons) else None
        if first is not None and isinstance(region, Polygons):
            before = found[first].region
            assert isinstance(before, Polygons)
            parts = (*before.parts, *region.parts)
            found[first] = Shape(name, Polygons(parts, even_odd=even_odd))
            continue
        if key and isinstance(region, Polygons):
            groups[key] = len(found)
        found.append(Shape(name, region))
    return found


def _region(one: Mapping[str, Any], where: str, *, even_odd: bool) -> Region | None:
    """The outline of a shape; None for what has no area."""
    kind = one.get("shape_type") or "polygon"
    flat = [a_number(value, where) for value in pairs(one.get("points"), where)]
    if kind == "polygon":
        return Polygons((a_ring(flat, where),), even_odd=even_odd)
    if kind == "rectangle" and len(flat) == 4:
        left, right = sorted(flat[::2])
        top, bottom = sorted(flat[1::2])
        return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
    if kind == "circle" and len(flat) == 4:
        radius = math.hypot(flat[2] - flat[0], flat[3] - flat[1])
        return Polygons((ellipse(flat[0], flat[1], radius, radius),)) if radius else None
    return _patch(one.get("mask"), flat, where) if kind == "mask" and len(flat) == 4 else None


def _patch(mask: object, corners: Sequence[float], where: str) -> Patch:
    """The mask of a shape: a PNG in the text, of the pixels from the first corner to the last."""
    left, top, right, bottom = (round(value) for value in corners)
    width, height = right - left + 1, bottom - top + 1
    if width * height > _MOST_PIXELS:
        raise DataError(f"{where}: a mask has at most {_MOST_PIXELS:,} pixels")
    try:
        content = base64.b64decode(mask if isinstance(mask, str) else "", validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.size != (width, height) or min(left, top) < 0:
                raise DataError(
                    f"{where}: the mask has {image.size[0]} x {image.size[1]} pixels, its corners "
                    f"are {width} x {height} apart"
                )
            flat = np.asarray(image.convert("L")).ravel() > 0
    except DataError:
        raise
    # Decoders of untrusted files raise whatever they like.
    except Exception as error:
        raise DataError(f"{where}: the mask cannot be read: {error}") from error
    ends = np.flatnonzero(np.diff(flat, prepend=False, append=not flat[-1]))
    return Patch(tuple(np.diff(ends, prepend=0).tolist()), left, top, width, height)
