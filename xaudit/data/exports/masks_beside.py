"""Masks beside images: x.png and x_mask.png, or images and masks of one name in two folders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from xaudit.core.case import Study
from xaudit.data.annotations.mask_files import lesions_of
from xaudit.data.format import FORMATS
from xaudit.data.image_file import without_folder
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, split_of
from xaudit.data.listing.images import SUFFIXES, ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

CLASS = "mask"
"""What every mask is called; a person says what it outlines."""
_ASKED = "A mask says where, not what: write positive: [mask] if masks outline fractures."


def list_masks(spec: DataSpec, options: Options) -> Listing:
    """Images and the masks of their names; a black mask says that nothing is there.

    Raises:
        DataError: a mask belongs to no image, or what its values mean has to be declared.
    """
    folder = below(spec.root, options.images, "data.options.images")
    masks, images = _sorted(spec, options, folder)
    listing = Listing(files=(f"{sum(map(len, masks.values())):,} masks",), names=(CLASS,))
    problems: list[str] = []
    for path in images:
        own = masks.pop(_key(folder, path), [])
        relative = path.relative_to(spec.root)
        if not own:
            listing.unlisted += (path,)
            continue
        try:
            shapes = tuple(shape for mask in own for shape in _shapes(spec, mask))
            listing.entries.append(Entry(path, shapes, seen=True, split=split_of(relative)))
        except DataError as error:
            problems.append(f"{relative.as_posix()}: {error}")
    strays = [path.name for paths in masks.values() for path in paths]
    problems += [f"{name}: a mask without an image" for name in strays]
    if problems:
        raise DataError(capped(problems))
    return listing


LAYOUT = Layout(
    "masks_beside", "masks beside images", list_masks, takes=("images", "masks", "suffix"),
    asked=_ASKED,
)  # fmt: skip


@FORMATS.register("masks_beside")
def read_masks_beside(spec: DataSpec) -> Study:
    """The study of images with masks; ``mask_values`` and ``mask_lesions`` count as in a manifest.

    Raises:
        DataError: see `list_masks` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_masks_beside(folder: Path) -> Inspection | None:
    """What images with masks there are, if there are such."""
    if (folder / "masks").is_dir() and (folder / "images").is_dir():
        if ImageIndex(folder / "masks").files:
            return inspect_layout(folder, LAYOUT, {"masks": "masks", "images": "images"})
        return None
    stems = {path.stem for path in ImageIndex(folder).files}
    found = any(stem.endswith("_mask") and stem[:-5] in stems for stem in stems)
    return inspect_layout(folder, LAYOUT) if found else None


RECOGNIZERS.add("masks_beside", Recognizer(recognize_masks_beside, 2))


def _shapes(spec: DataSpec, mask: Path) -> Iterator[Shape]:
    with without_folder(mask):
        found = lesions_of(mask, spec.mask_lesions, spec.mask_values)
    for lesion in found.lesions:
        yield Shape(CLASS, lesion)
    for ignored in found.ignored:
        yield Shape(CLASS, ignored, crowd=True)


def _sorted(
    spec: DataSpec, options: Options, folder: Path
) -> tuple[dict[str, list[Path]], list[Path]]:
    """Masks by the image that they belong to, and images."""
    masks: dict[str, list[Path]] = defaultdict(list)
    if options.masks:
        place = below(spec.root, options.masks, "data.options.masks")
        for path in ImageIndex(place, SUFFIXES).files:
            stem = path.stem.removesuffix(options.suffix)
            masks[(path.relative_to(place).parent / stem).as_posix()].append(path)
        images = [one for one in ImageIndex(folder).files if not one.is_relative_to(place)]
        return masks, images
    # Several masks of one image are numbered: x_mask, x_mask_1.
    ending = re.compile(rf"(.+?){re.escape(options.suffix)}(?:_[0-9]{{1,3}})?")
    images = []
    for path in ImageIndex(folder).files:
        if found := ending.fullmatch(path.stem):
            masks[(path.relative_to(folder).parent / found[1]).as_posix()].append(path)
        else:
            images.append(path)
    return masks, images


def _key(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
