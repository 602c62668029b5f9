"""CVAT XML ("CVAT for images 1.1"): boxes, polygons, ellipses, masks and tags in pixels."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from xaudit.core.case import Region, Study
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.annotations.placed import Patch, about, ellipse, rectangle
from xaudit.data.format import FORMATS
from xaudit.data.listing.annotation_files import AnnotationFiles
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, read_xml_file, split_of
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_count, a_name, a_number, a_path, a_ring, a_size
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_SHAPES = ("box", "polygon", "ellipse", "mask", "polyline", "points", "cuboid", "skeleton", "tag")


def list_cvat(spec: DataSpec, options: Options) -> Listing:
    """Images of every CVAT file below the root, or of the one that is named.

    An image without a shape may be one that nobody came to: whether it is normal is asked.

    Raises:
        DataError: a file is no CVAT, or one of a video; every mistake.
    """
    files = FILES.of(spec.root, options.annotations)
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing, problems = Listing(files=tuple(path.name for path in files)), list[str]()
    for path in files:
        content = read_xml_file(path)
        if content.find("track") is not None:
            problems.append(f"{path.name}: holds tracks of a video; export as CVAT for images 1.1")
        names = (one.text for one in content.iterfind(".//labels/label/name"))
        listing.names += tuple(a_name(name, f"{path.name} labels") for name in names)
        for image in content.iterfind("image"):
            try:
                listing.entries.append(_entry(spec, path, image, index))
            except DataError as error:
                problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    listing.unlisted = index.besides(entry.image for entry in listing.entries)
    return listing


LAYOUT = Layout("cvat", "CVAT for images", list_cvat, takes=("annotations", "images", "grid"))


@FORMATS.register("cvat")
def read_cvat(spec: DataSpec) -> Study:
    """The study of a CVAT export; labels are its classes, as declared.

    Raises:
        DataError: see `list_cvat` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_cvat(folder: Path) -> Inspection | None:
    """What a CVAT export holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if FILES.found(folder) else None


RECOGNIZERS.add("cvat", Recognizer(recognize_cvat, 2))


def _is_cvat(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if b"<annotations" not in file.read(1 << 12):
                return False
        return read_xml_file(path).tag == "annotations"
    except (OSError, DataError):
        return False


FILES = AnnotationFiles((".xml",), _is_cvat, "annotations.xml of CVAT for images 1.1")


def _entry(spec: DataSpec, path: Path, image: Element, index: ImageIndex) -> Entry:
    where = f"{path.name} image {(image.get('id') or '?')[:20]}"
    name = a_path(image.get("name"), f"{where} name")
    try:
        found = index.find(name)
    except ValueError as error:
        raise DataError(f"{where}: {name[:80]!r}: {error}") from error
    shapes = tuple(_shape(spec, one, f"{where} {one.tag}") for one in image if one.tag in _SHAPES)
    size = a_size(image.get("height"), image.get("width"), where)
    split = split_of(found.relative_to(spec.root)) or _subset(image)
    return Entry(found, shapes, size=size, split=split)


def _subset(image: Element) -> str:
    """Projects of CVAT have subsets: Train, Validation, Test."""
    return split_of(Path(image.get("subset") or "", "image"))


def _shape(spec: DataSpec, one: Element, where: str) -> Shape:
    name = a_name(one.get("label"), f"{where} label")
    if one.tag == "tag":
        return Shape(name, whole=True)
    return Shape(name, _region(spec, one, where))


def _region(spec: DataSpec, one: Element, where: str) -> Region | None:
    """The outline of a shape; None for what has no area."""

    def number(key: str) -> float:
        return a_number(one.get(key, "0" if key == "rotation" else None), f"{where} {key}")

    if one.tag == "box":
        left, top = number("xtl"), number("ytl")
        width, height = number("xbr") - left, number("ybr") - top
        turn = number("rotation")
        if width <= 0 or height <= 0:
            return None
        center = (left + width / 2, top + height / 2)
        ring = about(center, rectangle(left, top, width, height), turn)
        return Polygons((ring,)) if turn else Box(left, top, width, height)
    if one.tag == "polygon":
        texts = (one.get("points") or "").replace(";", ",").split(",")
        return Polygons((a_ring(texts, f"{where} points"),), even_odd=spec.holes == "even_odd")
    if one.tag == "ellipse":
        ring = ellipse(*map(number, ("cx", "cy", "rx", "ry", "rotation")))
        return Polygons((ring,)) if number("rx") > 0 and number("ry") > 0 else None
    return _patch(one, where) if one.tag == "mask" else None


def _patch(one: Element, where: str) -> Patch:
    runs = tuple(a_count(text, f"{where} rle") for text in (one.get("rle") or "").split(","))
    left, top, width, height = (
        a_count(one.get(key), f"{where} {key}") for key in ("left", "top", "width", "height")
    )
    if not width or not height:
        raise DataError(f"{where}: expected a width and a height, got {width} x {height}")
    return Patch(runs, left, top, width, height)
