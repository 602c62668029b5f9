"""VGG Image Annotator 2 (and 1): JSON or CSV, outlines in pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xaudit.core.case import Region, Study
from xaudit.core.text.json_text import read_json_text
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.annotations.placed import ellipse
from xaudit.data.format import FORMATS
from xaudit.data.listing.annotation_files import AnnotationFiles
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, read_json_file, split_of
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_list, a_name, a_number, a_path, a_ring, an_object
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped, read_table
from xaudit.errors import DataError

_COLUMNS = ("filename", "file_size", "region_shape_attributes", "region_attributes")


def list_via(spec: DataSpec, options: Options) -> Listing:
    """Images of every VIA project or export below the root, or of the one that is named.

    An image without a region may be one that nobody came to: whether it is normal is asked. A
    region without a class is called "(no class)".

    Raises:
        DataError: a file is none of VIA, or which attribute holds the class is not clear.
    """
    files = FILES.of(spec.root, options.annotations)
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing, problems = Listing(files=tuple(path.name for path in files)), list[str]()
    images = [(path, image) for path in files for image in _images(path)]
    attribute = options.attribute or _attribute(images)
    for path, image in images:
        try:
            listing.entries.append(_entry(spec, path, image, attribute, index))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    listing.unlisted = index.besides(entry.image for entry in listing.entries)
    return listing


LAYOUT = Layout(
    "via", "VGG Image Annotator", list_via, takes=("annotations", "images", "grid", "attribute")
)


@FORMATS.register("via")
def read_via(spec: DataSpec) -> Study:
    """The study of a VIA export; labels are its classes, as declared.

    Raises:
        DataError: see `list_via` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_via(folder: Path) -> Inspection | None:
    """What a VIA export holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if FILES.found(folder) else None


RECOGNIZERS.add("via", Recognizer(recognize_via, 2))


def _is_via(path: Path) -> bool:
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                head = file.readline(2000)
            return all(name in head for name in _COLUMNS)
        with path.open("rb") as file:
            if b'"filename"' not in file.read(1 << 16):
                return False
        content = read_json_file(path)
    except (OSError, DataError):
        return False
    listed = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    images = list(listed.values())[:5] if isinstance(listed, dict) else []
    return bool(images) and all(
        isinstance(image, dict) and {"filename", "regions"} <= set(image) for image in images
    )


# A project of VIA and its export say the same.
FILES = AnnotationFiles((".json", ".csv"), _is_via, "a project or an export of VIA (JSON or CSV)")


def _images(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix.lower() == ".csv":
        yield from _of_table(path)
        return
    content = an_object(read_json_file(path), path.name)
    images = an_object(content.get("_via_img_metadata", content), f"{path.name} images")
    for key, image in images.items():
        yield an_object(image, f"{path.name} {key[:60]!r}")


def _of_table(path: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of the CSV export, those of one image together."""
    found: dict[str, dict[str, Any]] = {}
    for row in read_table(path).rows:
        image = found.setdefault(
            row.text("filename"), {"filename": row.text("filename"), "regions": []}
        )
        try:
            shape = read_json_text(row.text("region_shape_attributes") or "{}")
            said = read_json_text(row.text("region_attributes") or "{}")
        except ValueError as error:
            raise DataError(f"{path.name} {row.where}: expected JSON in a cell: {error}") from error
        if shape:
            image["regions"].append({"shape_attributes": shape, "region_attributes": said})
    yield from found.values()


def _regions(image: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """Regions of an image; VIA 1 wrote an object with numbers as names."""
    regions = image.get("regions") or []
    listed = list(regions.values()) if isinstance(regions, dict) else a_list(regions, where)
    return [an_object(one, where) for one in listed]


def _attribute(images: list[tuple[Path, Mapping[str, Any]]]) -> str:
    """The attribute that holds the class: the only one there is; empty where there is none."""
    names: Counter[str] = Counter()
    for path, image in images:
        for one in _regions(image, f"{path.name} regions"):
            said = one.get("region_attributes")
            names.update(list(said) if isinstance(said, dict) else ())
    if len(names) > 1:
        told = ", ".join(f"{name[:40]!r} ({count:,})" for name, count in names.most_common(10))
        raise DataError(
            f"regions have the attributes {told}: which holds the class? declare data.options: "
            "{attribute: NAME}"
        )
    return next(iter(names), "")


def _entry(
    spec: DataSpec, path: Path, image: Mapping[str, Any], attribute: str, index: ImageIndex
) -> Entry:
    name = a_path(image.get("filename"), f"{path.name} filename")
    where = f"{path.name} {name[:60]!r}"
    try:
        found = index.find(name)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    shapes = [
        Shape(kind, _region(spec, one, f"{where} region {number}"))
        for number, one in enumerate(_regions(image, where))
        for kind in _classes(one, attribute, f"{where} region {number}")
    ]
    return Entry(found, tuple(shapes), split=split_of(found.relative_to(spec.root)))


def _classes(one: Mapping[str, Any], attribute: str, where: str) -> Iterator[str]:
    """The classes of a region: of a checkbox, all that are ticked."""
    said = one.get("region_attributes")
    value = said.get(attribute) if isinstance(said, dict) else None
    if isinstance(value, dict):
        ticked = [name for name, on in value.items() if on is True]
        yield from (a_name(name, where) for name in ticked or ["(no class)"])
    else:
        yield a_name(value, where) if value not in (None, "") else "(no class)"


def _region(spec: DataSpec, one: Mapping[str, Any], where: str) -> Region | None:
    """The outline of a region; None for what has no area."""
    shape = an_object(one.get("shape_attributes"), f"{where} shape_attributes")

    def numbers(*names: str) -> list[float]:
        return [a_number(shape.get(name), f"{where} {name}") for name in names]

    kind = shape.get("name")
    if kind == "rect":
        x, y, width, height = numbers("x", "y", "width", "height")
        return Box(x, y, width, height) if width > 0 and height > 0 else None
    if kind == "polygon":
        xs, ys = (a_list(shape.get(f"all_points_{axis}"), where) for axis in "xy")
        if len(xs) != len(ys):
            raise DataError(f"{where}: {len(xs)} values of x, {len(ys)} of y")
        flat = [value for pair in zip(xs, ys, strict=True) for value in pair]
        return Polygons((a_ring(flat, where),), even_odd=spec.holes == "even_odd")
    if kind == "circle":
        x, y, radius = numbers("cx", "cy", "r")
        return Polygons((ellipse(x, y, radius, radius),)) if radius > 0 else None
    if kind == "ellipse":
        x, y, across, down = numbers("cx", "cy", "rx", "ry")
        # VIA states the angle in radians, and only where the ellipse is turned.
        turn = a_number(shape.get("theta", 0), f"{where} theta") * 57.29577951308232
        return Polygons((ellipse(x, y, across, down, turn),)) if across > 0 and down > 0 else None
    return None
