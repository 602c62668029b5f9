"""COCO JSON: polygons, run lengths, boxes and crowds, one file or one for each split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xaudit.core.case import Region, Study
from xaudit.data.annotations.form import AnnotationCell
from xaudit.data.annotations.outlines import outlines_of
from xaudit.data.format import FORMATS
from xaudit.data.listing.annotation_files import AnnotationFiles
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, read_json_file, split_of
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_list, a_name, a_number, a_path, a_size, an_object
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_KEYS = {"images", "annotations", "categories"}


def list_coco(spec: DataSpec, options: Options) -> Listing:
    """Images and annotations of every COCO file below the root, or of the one that is named.

    Ids may begin at 0. An image that a file lists without an annotation was not looked at for
    certain: whether it is normal is asked. Of a crowd, the pixels are not scored.

    Raises:
        DataError: a file is no COCO, or its ids do not fit together; every mistake.
    """
    files = FILES.of(spec.root, options.annotations)
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing = Listing(files=tuple(path.name for path in files))
    names: dict[str, None] = {}
    problems: list[str] = []
    for path in files:
        try:
            entries, found = _entries(spec, path, index)
            listing.entries += entries
            names |= dict.fromkeys(found)
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    listing.unlisted = index.besides(entry.image for entry in listing.entries)
    listing.names = tuple(names)
    return listing


LAYOUT = Layout("coco", "COCO JSON", list_coco, takes=("annotations", "images", "grid"))


@FORMATS.register("coco")
def read_coco(spec: DataSpec) -> Study:
    """The study of a COCO export; labels are its classes, as declared.

    Raises:
        DataError: see `list_coco` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_coco(folder: Path) -> Inspection | None:
    """What a COCO export holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if FILES.found(folder) else None


RECOGNIZERS.add("coco", Recognizer(recognize_coco, 2))


def _is_coco(path: Path) -> bool:
    """By its first kilobytes and its keys: other JSON beside it may be anything."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
        if not any(f'"{key}"'.encode() in head for key in (*_KEYS, "info", "licenses")):
            return False
        content = read_json_file(path)
    except (OSError, DataError):
        return False
    return isinstance(content, dict) and set(content) >= _KEYS


FILES = AnnotationFiles(
    (".json",), _is_coco, "a COCO file (JSON with images, annotations and categories)"
)


def _entries(spec: DataSpec, path: Path, index: ImageIndex) -> tuple[list[Entry], list[str]]:
    content = an_object(read_json_file(path), path.name)
    if not set(content) >= _KEYS:
        lacking = ", ".join(sorted(_KEYS - set(content)))
        raise DataError(f"{path.name}: expected a COCO file, it has no {lacking}")
    images = _by_id(content["images"], f"{path.name} images")
    names = {
        number: a_name(one.get("name"), f"{path.name} category {number}")
        for number, one in _by_id(content["categories"], f"{path.name} categories").items()
    }
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    problems: list[str] = []
    for number, one in enumerate(a_list(content["annotations"], f"{path.name} annotations")):
        where = f"{path.name} annotations[{number}]"
        try:
            shapes[_key(one, "image_id", images, where)].append(_shape(spec, one, names, where))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    beside = path.parent if any(file.parent == path.parent for file in index.files) else None
    made = (_entry(spec.root, path, index, image, beside) for image in images.values())
    return [
        Entry(image, tuple(shapes[number]), size=size, split=split)
        for number, (image, size, split) in zip(images, made, strict=True)
    ], list(names.values())


def _by_id(value: object, where: str) -> dict[Any, Mapping[str, Any]]:
    found: dict[Any, Mapping[str, Any]] = {}
    for number, one in enumerate(a_list(value, where)):
        key = an_object(one, f"{where}[{number}]").get("id")
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise DataError(f"{where}[{number}]: expected an id, got {repr(key)[:40]}")
        if key in found:
            raise DataError(f"{where}[{number}]: the id {key!r} is there already")
        found[key] = one
    return found


def _key(one: object, name: str, known: Mapping[Any, Any], where: str) -> int | str:
    key = an_object(one, where).get(name)
    if isinstance(key, bool) or not isinstance(key, int | str) or key not in known:
        raise DataError(f"{where}: {name} {repr(key)[:40]} is not in the file")
    return key


def _shape(spec: DataSpec, one: Mapping[str, Any], names: Mapping[Any, str], where: str) -> Shape:
    name = names[_key(one, "category_id", names, where)]
    region = next(_regions(spec, one, where), None)
    return Shape(name, region, crowd=one.get("iscrowd") == 1)


def _regions(spec: DataSpec, one: Mapping[str, Any], where: str) -> Iterator[Region]:
    """The outline of an annotation; its box where it has none."""
    outline, box = one.get("segmentation"), one.get("bbox")
    form, value = ("rle", outline) if isinstance(outline, dict) else ("polygons", outline)
    if not outline:
        form, value = "boxes", box
    if not value:
        return
    if form == "boxes" and isinstance(box, list) and not _has_area(box, where):
        return
    try:
        yield from outlines_of(form, AnnotationCell([value], spec.root, spec.holes == "even_odd"))
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def _has_area(box: list[Any], where: str) -> bool:
    return len(box) != 4 or all(a_number(side, where) > 0 for side in box[2:])


def _entry(
    root: Path, path: Path, index: ImageIndex, image: Mapping[str, Any], beside: Path | None
) -> tuple[Path, tuple[int, int] | None, str]:
    where = f"{path.name} image {image['id']!r}"
    text = a_path(image.get("file_name"), where)
    try:
        found = index.find(text, beside)
    except ValueError as error:
        raise DataError(f"{where}: {text[:80]!r}: {error}") from error
    return (
        found,
        a_size(image.get("height"), image.get("width"), where),
        split_of(found.relative_to(root)),
    )
