"""YOLO: a text file for each image, boxes or polygons in parts of its sides; names in data.yaml."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from xaudit.core.case import Study
from xaudit.data.annotations.placed import Fractions
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, files_below, read_lines, split_of
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_name, a_number, a_ring
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import ConfigError, DataError
from xaudit.yaml_file import read_yaml

_NAMES = ("classes.txt", "obj.names", "labels.txt")
_PIXELS = 1.5
"""A coordinate above it is one of pixels; outlines that stick out a little are below."""


def list_yolo(spec: DataSpec, options: Options) -> Listing:
    """Images, and the boxes and polygons of the text files of their names.

    A text file without a line says that nothing is there, as the trainers of YOLO take it; an image
    without a file says nothing.

    Raises:
        DataError: a line is none of YOLO, or names a class that there is not; every mistake.
    """
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    labels = _labels(spec.root, options.annotations)
    names = class_names(spec.root)
    listing = Listing(files=_told(spec.root, labels, names), names=tuple(names.values()))
    folders = {path.parent for found in labels.values() for path in found}
    problems: list[str] = []
    for path in index.files:
        relative = path.relative_to(spec.root)
        file = _file_of(path, labels, folders)
        if file is None:
            listing.unlisted += (path,)
            continue
        try:
            shapes = read_shapes(file, names)
            listing.entries.append(Entry(path, shapes, seen=True, split=split_of(relative)))
        except DataError as error:
            problems += str(error).splitlines()
    if problems:
        raise DataError(capped(problems))
    return listing


LAYOUT = Layout("yolo", "YOLO text files", list_yolo, takes=("annotations", "images", "grid"))


@FORMATS.register("yolo")
def read_yolo(spec: DataSpec) -> Study:
    """The study of a YOLO data set; labels are its classes, as declared.

    Raises:
        DataError: see `list_yolo` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_yolo(folder: Path) -> Inspection | None:
    """What a YOLO data set holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if is_yolo(folder) else None


RECOGNIZERS.add("yolo", Recognizer(recognize_yolo, 2))


def is_yolo(folder: Path) -> bool:
    """Whether text files of YOLO lie below a folder, beside images or in a tree of labels."""
    names = {path.stem for path in ImageIndex(folder).files}
    files = [path for path in files_below(folder, (".txt",)) if path.stem in names]
    return bool(files) and any(_looks(path) for path in files[:50])


def class_names(root: Path) -> Mapping[int, str]:
    """Number of a class → its name; empty where no file says it.

    Raises:
        DataError: the file that says it is damaged, or two files say different things.
    """
    found = {path: names for path in _name_files(root) if (names := _read_names(path))}
    first = next(iter(found.values()), {})
    for path, names in found.items():
        if names != first:
            one = next(iter(found)).relative_to(root).as_posix()
            raise DataError(
                f"{path.relative_to(root).as_posix()}: names other classes than {one}; leave one"
            )
    return first


def read_shapes(path: Path, names: Mapping[int, str]) -> tuple[Shape, ...]:
    """The shapes of a text file.

    Args:
        path: of the file.
        names: of the classes; without any, a class is called by its number.

    Raises:
        DataError: every line that is wrong.
    """
    shapes, problems = [], []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            shapes.append(_shape(line.split(), names, f"{path.name} line {number}"))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems, 5))
    return tuple(shapes)


def _shape(words: Sequence[str], names: Mapping[int, str], where: str) -> Shape:
    if not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 6:
        raise DataError(f"{where}: expected the number of a class, got {words[0][:40]!r}")
    kind, values = int(words[0]), [a_number(word, where) for word in words[1:]]
    if names and kind not in names:
        known = ", ".join(f"{one} {name}" for one, name in list(names.items())[:20])
        raise DataError(f"{where}: there is no class {kind}; there is: {known}")
    if any(abs(value) > _PIXELS for value in values):
        raise DataError(f"{where}: expected parts of the sides, 0 to 1, got {' '.join(words[1:5])}")
    if len(values) == 5:
        raise DataError(
            f"{where}: a box with a score is a prediction, no annotation: expected 4 numbers"
        )
    name = names.get(kind, str(kind))
    if len(values) != 4:
        return Shape(name, Fractions((a_ring(values, where),)))
    x, y, width, height = values
    if width <= 0 or height <= 0:
        return Shape(name)
    corners = ((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
    return Shape(name, Fractions((corners,), "box"))


def _labels(root: Path, named: str) -> Mapping[str, Sequence[Path]]:
    """Stem → text files that may hold its shapes."""
    folder = below(root, named, "data.options.annotations")
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files_below(folder, (".txt",)):
        if path.name not in _NAMES:
            found[path.stem].append(path)
    return found


def _file_of(
    image: Path, labels: Mapping[str, Sequence[Path]], folders: Collection[Path]
) -> Path | None:
    """The file of an image: where YOLO looks (labels for images), beside it, or the only one."""
    files = labels.get(image.stem, ())
    beside = image.with_suffix(".txt")
    parts = list(beside.parts)
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        mirrored = Path(*parts[:last], "labels", *parts[last + 1 :])
        if mirrored in files:
            return mirrored
        if mirrored.parent in folders:
            # Labels lie where they belong, and this image has none: another of its name has.
            return None
    return beside if beside in files else _nearest(image, files)


def _nearest(image: Path, files: Sequence[Path]) -> Path | None:
    """The one file, or the one of several that lies in a folder of the same name."""
    beside = [path for path in files if path.parent.name == image.parent.name]
    files = beside if len(files) > 1 and beside else files
    if len(files) > 1:
        raise DataError(
            f"{image.name}: {len(files)} text files have its name; name the folder of the labels: "
            "data.options: {annotations: FOLDER}"
        )
    return files[0] if files else None


def _name_files(root: Path) -> Iterator[Path]:
    for path in files_below(root, (".yaml", ".yml", ".txt", ".names")):
        if path.suffix in {".yaml", ".yml"} or path.name in _NAMES:
            yield path


def _read_names(path: Path) -> dict[int, str]:
    """Number → name; empty for YAML that has no names."""
    if path.suffix not in {".yaml", ".yml"}:
        lines = [line.strip() for line in read_lines(path) if line.strip()]
        return {number: a_name(line, path.name) for number, line in enumerate(lines)}
    try:
        content = read_yaml(path).data
    except ConfigError:
        # An audit file beside the study, or whatever else is written in YAML.
        return {}
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(str(one).isdecimal() for one in names):
        return {}
    return {int(str(one)): a_name(name, path.name) for one, name in names.items()}


def _looks(path: Path) -> bool:
    try:
        return bool(read_shapes(path, {})) or not path.stat().st_size
    except DataError:
        return False


def _told(
    root: Path, labels: Mapping[str, Sequence[Path]], names: Mapping[int, str]
) -> tuple[str, ...]:
    count = sum(map(len, labels.values()))
    named = [path.name for path in _name_files(root) if names]
    return (f"{count:,} text files", *named)
