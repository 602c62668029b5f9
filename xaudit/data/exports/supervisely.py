"""Supervisely: a JSON file for each image, x.png.json or x.json, outlines in pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xaudit.core.case import Region, Study
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import files_below, read_json_file, split_of
from xaudit.data.listing.images import SUFFIXES
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.one_each import Folders, list_each
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_list, a_name, a_number, a_ring, a_size, an_object, pairs
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_KEYS = {"objects", "size"}


def list_supervisely(spec: DataSpec, options: Options) -> Listing:
    """Images, and the objects of the JSON files of their names; tags are classes of whole images.

    Whether an image without an object was looked at is asked.

    Raises:
        DataError: a file is damaged; every mistake.
    """
    return list_each(spec, options, (".json",), _entry)


LAYOUT = Layout(
    "supervisely", "Supervisely", list_supervisely, takes=("annotations", "images", "grid")
)


@FORMATS.register("supervisely")
def read_supervisely(spec: DataSpec) -> Study:
    """The study of a Supervisely export; labels are its classes, as declared.

    Raises:
        DataError: see `list_supervisely` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_supervisely(folder: Path) -> Inspection | None:
    """What a Supervisely export holds, if a folder holds one."""
    found = any(is_supervisely(path) for path in list(files_below(folder, (".json",)))[:20])
    return inspect_layout(folder, LAYOUT) if found else None


RECOGNIZERS.add("supervisely", Recognizer(recognize_supervisely, 2))


def is_supervisely(path: Path) -> bool:
    """Whether a JSON file is one of Supervisely."""
    try:
        content = read_json_file(path)
    except DataError:
        return False
    return isinstance(content, dict) and set(content) >= _KEYS


def _entry(path: Path, folders: Folders) -> Entry | None:
    content = read_json_file(path)
    if not isinstance(content, dict) or not set(content) >= _KEYS:
        return None
    image = folders.image_of(path, path.stem if path.stem.lower().endswith(SUFFIXES) else "")
    size = an_object(content["size"], f"{path.name} size")
    tags = [
        Shape(a_name(an_object(one, f"{path.name} tags").get("name"), f"{path.name} tags"),
              whole=True)
        for one in a_list(content.get("tags") or [], f"{path.name} tags")
    ]  # fmt: skip
    shapes = [
        _shape(an_object(one, path.name), f"{path.name} objects[{number}]")
        for number, one in enumerate(a_list(content["objects"], f"{path.name} objects"))
    ]
    return Entry(
        image,
        (*shapes, *tags),
        size=a_size(size.get("height"), size.get("width"), f"{path.name} size"),
        split=split_of(image.relative_to(folders.root)),
    )


def _shape(one: Mapping[str, Any], where: str) -> Shape:
    return Shape(a_name(one.get("classTitle"), f"{where} classTitle"), _region(one, where))


def _region(one: Mapping[str, Any], where: str) -> Region | None:
    """The outline of an object; None for what has no area, and for bitmaps."""
    kind = one.get("geometryType")
    if kind not in ("rectangle", "polygon"):
        return None
    points = an_object(one.get("points"), f"{where} points")
    flat = [a_number(value, where) for value in pairs(points.get("exterior"), where)]
    if kind == "rectangle":
        if len(flat) != 4:
            raise DataError(f"{where}: a rectangle has two corners, got {len(flat)} numbers")
        (left, right), (top, bottom) = sorted(flat[::2]), sorted(flat[1::2])
        return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
    holes = a_list(points.get("interior") or [], f"{where} interior")
    rings = [a_ring(flat, where), *(a_ring(pairs(hole, where), where) for hole in holes)]
    return Polygons(tuple(rings), even_odd=bool(holes))
