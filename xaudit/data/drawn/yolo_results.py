"""Results of YOLO: a text file for each image, a line for each box, its score at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xaudit.data.drawn.listed import ListedBox, ListedBoxes
from xaudit.data.drawn.spec import BoxesSpec
from xaudit.data.listing.files import files_below, read_lines
from xaudit.data.listing.values import a_number
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_FIELDS = 6


def list_yolo_results(spec: BoxesSpec) -> ListedBoxes:
    """The boxes of a folder of results, in parts of the sides of their images.

    A file without a line says that nothing was found.

    Raises:
        DataError: a line is none of YOLO with a score; every mistake.
    """
    listed, problems = ListedBoxes(), []
    for path in files_below(spec.found, (".txt",)):
        try:
            boxes = list(_boxes(path, spec.found))
        except DataError as error:
            problems.append(str(error))
            continue
        listed.boxes += boxes
        if not boxes:
            listed.silent.append(_image(path, spec.found))
    if problems:
        raise DataError(capped(problems))
    if not listed.boxes and not listed.silent:
        raise DataError(
            f"detector.found: expected text files of YOLO below {spec.found.name}, found none"
        )
    return listed


def _image(path: Path, folder: Path) -> str:
    """The name of the image, with its folder below that of the results."""
    return path.relative_to(folder).with_suffix("").as_posix()


def _boxes(path: Path, folder: Path) -> Iterator[ListedBox]:
    for number, line in enumerate(read_lines(path), 1):
        words = line.split()
        if not words:
            continue
        where = f"{path.name} line {number}"
        if len(words) != _FIELDS:
            raise DataError(
                f"{where}: expected class, center x, center y, width, height and score, got "
                f"{len(words)} values; YOLO writes scores with save_conf"
            )
        x, y, width, height, score = (a_number(word, where) for word in words[1:])
        sides = (x - width / 2, y - height / 2, width, height)
        yield ListedBox(_image(path, folder), sides, score, words[0], where, parts=True)
