"""Pascal VOC: an XML file for each image, boxes in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from xaudit.core.case import Study
from xaudit.data.annotations.masks import Box
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import files_below, read_xml_file, split_of
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.one_each import Folders, list_each
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_name, a_number, a_size
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError


def list_voc(spec: DataSpec, options: Options) -> Listing:
    """Images, and the boxes of the XML files that name them.

    A file without an object says that nothing is there; an image without a file says nothing.

    Raises:
        DataError: a file is none of Pascal VOC; every mistake.
    """
    return list_each(spec, options, (".xml",), _entry)


LAYOUT = Layout("voc", "Pascal VOC", list_voc, takes=("annotations", "images", "grid"))


@FORMATS.register("voc")
def read_voc(spec: DataSpec) -> Study:
    """The study of a Pascal VOC export; labels are its classes, as declared.

    Raises:
        DataError: see `list_voc` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_voc(folder: Path) -> Inspection | None:
    """What a Pascal VOC export holds, if a folder holds one."""
    files = list(files_below(folder, (".xml",)))
    return inspect_layout(folder, LAYOUT) if any(map(_is_voc, files[:20])) else None


RECOGNIZERS.add("voc", Recognizer(recognize_voc, 2))


def _is_voc(path: Path) -> bool:
    try:
        root = read_xml_file(path)
    except DataError:
        return False
    return root.tag == "annotation" and root.find("filename") is not None


def _entry(path: Path, folders: Folders) -> Entry | None:
    root = read_xml_file(path)
    if root.tag != "annotation":
        return None
    written = root.findtext("filename") or ""
    image = folders.image_of(path, written)
    size = root.find("size")
    shapes = [
        _shape(one, f"{path.name} object {number}")
        for number, one in enumerate(root.iterfind("object"), start=1)
    ]
    stated = None
    if size is not None:
        stated = a_size(size.findtext("height"), size.findtext("width"), path.name)
    split = split_of(image.relative_to(folders.root))
    return Entry(image, tuple(shapes), seen=True, size=stated, split=split)


def _shape(one: Element, where: str) -> Shape:
    name = a_name(one.findtext("name"), f"{where} name")
    box = one.find("bndbox")
    if box is None:
        return Shape(name)
    left, top, right, bottom = _numbers(box, ("xmin", "ymin", "xmax", "ymax"), where)
    if right <= left or bottom <= top:
        return Shape(name)
    return Shape(name, Box(left, top, right - left, bottom - top))


def _numbers(box: Element, names: Sequence[str], where: str) -> list[float]:
    return [a_number(box.findtext(name), f"{where} {name}") for name in names]
