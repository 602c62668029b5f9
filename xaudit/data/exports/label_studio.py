"""Label Studio JSON: outlines in percent of the image, brushes, and choices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xaudit.core.case import Region, Study
from xaudit.data.annotations.brush import BrushRuns
from xaudit.data.annotations.placed import Fractions, about, ellipse, rectangle
from xaudit.data.annotations.polygons import Ring
from xaudit.data.format import FORMATS
from xaudit.data.listing.annotation_files import AnnotationFiles
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, read_json_file, split_of
from xaudit.data.listing.images import SUFFIXES, ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_list, a_name, a_number, a_size, an_object, pairs
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio writes before the name of a file that was uploaded."""


def list_label_studio(spec: DataSpec, options: Options) -> Listing:
    """Tasks of every export below the root, or of the one that is named.

    A task that was submitted without a region says that nothing is there; one that nobody
    submitted says nothing. Predictions and canceled annotations are left out.

    Raises:
        DataError: a file is no such export, or several annotators drew and none is declared.
    """
    files = FILES.of(spec.root, options.annotations)
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing, problems = Listing(files=tuple(path.name for path in files)), list[str]()
    for path in files:
        for number, task in enumerate(a_list(read_json_file(path), path.name)):
            try:
                where = f"{path.name} task[{number}]"
                listing.entries.append(_entry(spec, options, task, index, where))
            except DataError as error:
                problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    listing.unlisted = index.besides(entry.image for entry in listing.entries)
    return listing


LAYOUT = Layout(
    "label_studio", "Label Studio JSON", list_label_studio,
    takes=("annotations", "images", "grid", "annotator"),
)  # fmt: skip


@FORMATS.register("label_studio")
def read_label_studio(spec: DataSpec) -> Study:
    """The study of a Label Studio export; labels are its classes and choices, as declared.

    Raises:
        DataError: see `list_label_studio` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_label_studio(folder: Path) -> Inspection | None:
    """What a Label Studio export holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if FILES.found(folder) else None


RECOGNIZERS.add("label_studio", Recognizer(recognize_label_studio, 2))


def _is_export(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not file.read(64).lstrip().startswith(b"["):
                return False
        content = read_json_file(path)
    except (OSError, DataError):
        return False
    return bool(content) and all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) and "annotations" in task
        for task in content[:5]
    )


FILES = AnnotationFiles((".json",), _is_export, "an export of Label Studio as JSON (not JSON-MIN)")


def _entry(spec: DataSpec, options: Options, task: object, index: ImageIndex, where: str) -> Entry:
    task = an_object(task, where)
    image = _image(an_object(task.get("data"), f"{where} data"), index, where)
    made = [
        an_object(one, f"{where} annotations")
        for one in a_list(task.get("annotations"), f"{where} annotations")
    ]
    made = [one for one in made if not one.get("was_cancelled")]
    if len(made) > 1 and options.annotator != "first":
        raise DataError(
            f"{where}: {len(made)} annotators drew on {image.name}; declare data.options: "
            "{annotator: first}, or export one annotation for each task"
        )
    results = a_list(made[0].get("result"), f"{where} result") if made else []
    shapes, sizes = [], []
    for number, result in enumerate(results):
        found = an_object(result, f"{where} result[{number}]")
        size = a_size(found.get("original_height"), found.get("original_width"), where)
        sizes += [size] if size else []
        shapes += list(_shapes(spec, found, size, f"{where} result[{number}]"))
    if len(set(sizes)) > 1:
        raise DataError(
            f"{where}: regions of one image state sizes that differ: {sorted(set(sizes))}"
        )
    split = split_of(image.relative_to(spec.root))
    return Entry(image, tuple(shapes), bool(made), sizes[0] if sizes else None, split)


def _image(data: Mapping[str, Any], index: ImageIndex, where: str) -> Path:
    texts = [one for one in data.values() if isinstance(one, str) and 0 < len(one) <= 2000]
    images = [one for one in texts if one.lower().partition("?")[0].endswith(SUFFIXES)
              or one.lower().endswith(SUFFIXES)]  # fmt: skip
    if len(images) != 1:
        raise DataError(f"{where}: expected the path of one image in data, got {len(images)}")
    try:
        found = index.find(images[0])
        if not found.is_file() and (prefix := _PREFIX.match(found.name)):
            return index.find(found.name[prefix.end() :])
        return found
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def _shapes(
    spec: DataSpec, result: Mapping[str, Any], size: tuple[int, int] | None, where: str
) -> Iterator[Shape]:
    kind, value = result.get("type"), result.get("value")
    if not isinstance(kind, str) or not isinstance(value, dict):
        raise DataError(f"{where}: expected a region with type and value")
    if kind == "choices":
        for name in a_list(value.get("choices"), f"{where} choices"):
            yield Shape(a_name(name, f"{where} choices"), whole=True)
        return
    if not kind.endswith("labels"):
        # Texts, ratings and relations are no outlines; the labels of a shape stand under its type.
        return
    names = a_list(value.get(kind) or ["(no class)"], f"{where} {kind}")
    if result.get("image_rotation"):
        raise DataError(
            f"{where}: was drawn on an image that was turned by hand ({result['image_rotation']} "
            "degrees), which is not read; turn it back in Label Studio and export again"
        )
    region = _region(spec, _tool(kind, value), value, size, where)
    for name in names:
        yield Shape(a_name(name, f"{where} {kind}"), region)


def _tool(kind: str, value: Mapping[str, Any]) -> str:
    """With what a region was drawn; labels of their own (<Labels>) do not say it."""
    marks = {"points": "polygonlabels", "radiusX": "ellipselabels", "rle": "brushlabels",
             "width": "rectanglelabels"}  # fmt: skip
    return next((tool for mark, tool in marks.items() if kind == "labels" and mark in value), kind)


def _region(
    spec: DataSpec,
    kind: str,
    value: Mapping[str, Any],
    size: tuple[int, int] | None,
    where: str,
) -> Region | None:
    """The outline of a region; None for what has no area."""

    def numbers(*names: str) -> list[float]:
        return [a_number(value.get(name, 0), f"{where} {name}") for name in names]

    if kind == "polygonlabels":
        return _polygon(spec, value, where)
    if kind == "brushlabels":
        return BrushRuns(_bytes(a_list(value.get("rle"), f"{where} rle"), where))
    if kind == "rectanglelabels":
        x, y, width, height, turn = numbers("x", "y", "width", "height", "rotation")
        ring = rectangle(x, y, width, height)
        made = _turned(ring, (x, y), turn, size, where) if turn else _box(ring)
        return made if width > 0 and height > 0 else None
    if kind == "ellipselabels":
        x, y, across, down, turn = numbers("x", "y", "radiusX", "radiusY", "rotation")
        ring = ellipse(x, y, across, down)
        return _turned(ring, (x, y), turn, size, where) if across > 0 and down > 0 else None
    return None


def _polygon(spec: DataSpec, value: Mapping[str, Any], where: str) -> Region | None:
    flat = [a_number(one, where) for one in pairs(value.get("points"), where)]
    if len(flat) < 6:
        return None
    ring = tuple(zip(flat[::2], flat[1::2], strict=True))
    return Fractions((_parts(ring),), even_odd=spec.holes == "even_odd")


def _box(ring: Ring) -> Fractions:
    return Fractions((_parts((ring[0], ring[2])),), "box")


def _turned(
    ring: Ring, center: tuple[float, float], turn: float, size: tuple[int, int] | None, where: str
) -> Fractions:
    """A ring in percent, turned in pixels: percent of width and height are not alike."""
    if not turn:
        return Fractions((_parts(ring),))
    if size is None:
        raise DataError(f"{where}: is turned by {turn:g} degrees, original_width is missing")
    height, width = size
    pixels = tuple((x * width, y * height) for x, y in ring)
    moved = about((center[0] * width, center[1] * height), pixels, turn)
    return Fractions((_parts(tuple((x / width, y / height) for x, y in moved)),))


def _parts(ring: Sequence[tuple[float, float]]) -> Ring:
    return tuple((x / 100, y / 100) for x, y in ring)


def _bytes(runs: Sequence[object], where: str) -> bytes:
    try:
        return bytes(runs)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} rle: expected bytes, 0 to 255: {error}") from error
