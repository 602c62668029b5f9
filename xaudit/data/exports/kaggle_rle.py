"""CSV of Kaggle run lengths: ImageId, EncodedPixels; down the columns, counted from 1."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from xaudit.core.case import Study
from xaudit.data.annotations.placed import KaggleRuns
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, files_below, split_of
from xaudit.data.listing.images import SUFFIXES, ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_name
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import ListTable, Row, capped, read_table
from xaudit.errors import DataError

CLASS = "mask"
_ASKED = "Run lengths say where, not what: write positive: [mask] if they outline fractures."
_IMAGES = ("imageid", "image_id", "image", "id", "img", "filename")
_RUNS = ("encodedpixels", "encoded_pixels", "rle", "rle_mask", "segmentation")
_CLASSES = ("classid", "class_id", "class", "label", "category")
_PAIR = re.compile(r"[0-9]{1,10}")


def list_kaggle(spec: DataSpec, options: Options) -> Listing:
    """Images of a table, each row one lesion; an empty cell or -1 says that nothing is there.

    Raises:
        DataError: a row cannot be read; every mistake with its line.
    """
    path = _file(spec.root, options.annotations)
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    table = read_table(path)
    image, runs, kind = _columns(path, table)
    shapes: dict[Path, list[Shape]] = defaultdict(list)
    problems: list[str] = []
    for row in table.rows:
        try:
            found = _image(index, row.text(image))
            name = a_name(row.text(kind), kind) if kind and row.text(kind) else CLASS
            pairs = _pairs(row, runs)
            shapes[found] += [Shape(name, KaggleRuns(pairs))] if pairs else []
        except (DataError, ValueError) as error:
            problems.append(f"{path.name} {row.where}: {error}")
    if problems:
        raise DataError(capped(problems))
    return Listing(
        [
            Entry(one, tuple(own), seen=True, split=split_of(one.relative_to(spec.root)))
            for one, own in shapes.items()
        ],
        tuple(one for one in index.files if one not in shapes),
        (path.name,),
        () if kind else (CLASS,),
    )


LAYOUT = Layout(
    "kaggle_rle", "run lengths as Kaggle has them", list_kaggle,
    takes=("annotations", "images", "grid"), asked=_ASKED,
)  # fmt: skip


@FORMATS.register("kaggle_rle")
def read_kaggle_rle(spec: DataSpec) -> Study:
    """The study of a CSV of run lengths.

    Raises:
        DataError: see `list_kaggle` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_kaggle_rle(folder: Path) -> Inspection | None:
    """What a CSV of run lengths holds, if a folder holds one."""
    return inspect_layout(folder, LAYOUT) if _found(folder) else None


RECOGNIZERS.add("kaggle_rle", Recognizer(recognize_kaggle_rle, 2))


def _file(root: Path, named: str) -> Path:
    if named:
        return below(root, named, "data.options.annotations")
    found = _found(root)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataError(
            f"{root.name}: expected one CSV with the columns ImageId and EncodedPixels, found "
            f"{names}; name it: data.options: {{annotations: FILE.csv}}"
        )
    return found[0]


def _found(root: Path) -> list[Path]:
    return [path for path in files_below(root, (".csv",)) if _is_runs(path)]


def _is_runs(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            names = {one.strip(' "\n').lower() for one in file.readline(2000).split(",")}
    except OSError:
        return False
    return bool(names & set(_RUNS)) and bool(names & set(_IMAGES))


def _columns(path: Path, table: ListTable) -> tuple[str, str, str]:
    """Columns of the image, of the run lengths and, empty if there is none, of the class."""
    lower = {name.lower(): name for name in reversed(table.columns)}

    def first(names: Sequence[str]) -> str:
        return next((lower[name] for name in names if name in lower), "")

    image, runs = first(_IMAGES), first(_RUNS)
    if not image or not runs:
        raise DataError(
            f"{path.name}: expected the columns ImageId and EncodedPixels, there is: "
            f"{', '.join(table.columns)}"
        )
    return image, runs, first(_CLASSES)


def _image(index: ImageIndex, text: str) -> Path:
    if not text:
        raise ValueError("expected an image, got nothing")
    if text.lower().endswith(SUFFIXES):
        return index.find(text)
    return index.of_stem(Path(f"{text}.any")) or index.find(f"{text}.png")


def _pairs(row: Row, column: str) -> tuple[tuple[int, int], ...]:
    """Start and length of each run, ascending."""
    words = row.text(column).split()
    if words in ([], ["-1"]):
        return ()
    if len(words) % 2 or not all(_PAIR.fullmatch(word) for word in words):
        raise ValueError(f"{column}: expected pairs of start and length, got {words[:4]}")
    numbers = [int(word) for word in words]
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    end = 0
    for start, length in pairs:
        if start <= end or length < 1:
            raise ValueError(
                f"{column}: runs ascend, start at 1 and do not meet, got {start} {length} after "
                f"pixel {end}; relative starts (as of SIIM-ACR) are not read"
            )
        end = start + length - 1
    return pairs
