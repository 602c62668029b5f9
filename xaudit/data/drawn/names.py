"""Names of images, as files of boxes write them, and the cases of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath

from xaudit.core.boxes import Boxes
from xaudit.core.case import Case
from xaudit.core.grid import Grid
from xaudit.data.drawn.listed import ListedBox
from xaudit.errors import DataError

Sides = tuple[float, float, float, float]
_FOLDERS = 8


class ImageNames:
    """Which case an image is, by id, or by file name with or without its ending.

    Where several images have one file name, the folders before it say which is meant.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = {case.case_id: case for case in cases}
        self._by_name: dict[str, str | None] = {}
        self._grids: dict[str, Grid] = {}
        for case in cases:
            for name in _names(case):
                known = self._by_name.setdefault(name, case.case_id)
                if known != case.case_id:
                    self._by_name[name] = None

    def some(self, count: int) -> list[str]:
        """The first ids, for a message."""
        return list(self._cases)[:count]

    def case(self, image: str) -> str | None:
        """Id of the case; None where the study has no such image.

        Raises:
            DataError: several images of the study have this name.
        """
        for name in (image, *_tails(PurePosixPath(image))):
            if name in self._cases:
                return name
            if name in self._by_name:
                found = self._by_name[name]
                if found is None:
                    raise DataError(f"several images of the study are called {name!r}")
                return found
        return None

    def pixels(self, case_id: str, box: ListedBox) -> Sides:
        """The sides of a box in pixels.

        Raises:
            DataError: they are parts of an image whose size cannot be read.
        """
        if not box.parts:
            return box.sides
        height, width = self._plane(case_id)
        left, top, across, down = box.sides
        return left * width, top * height, across * width, down * height

    def beyond(self, case_id: str, boxes: Boxes) -> int:
        """How many boxes have their center beyond the image; 0 where its size cannot be read."""
        try:
            height, width = self._plane(case_id)
        except DataError:
            return 0
        centers = (boxes.corners[:, :2] + boxes.corners[:, 2:]) / 2
        return int(((centers < 0) | (centers > (width, height))).any(axis=1).sum())

    def _plane(self, case_id: str) -> tuple[int, int]:
        if case_id not in self._grids:
            self._grids[case_id] = self._cases[case_id].image.header().grid
        return self._grids[case_id].plane


def _names(case: Case) -> Iterator[str]:
    path = getattr(case.image, "path", None)
    if isinstance(path, Path):
        yield from _tails(path)


def _tails(path: PurePath) -> Iterator[str]:
    """A file name with its folders, the longest first: with its ending, then without."""
    parts = path.parts[-_FOLDERS - 1 :] if path.name else ()
    for start in range(len(parts)):
        tail = PurePosixPath(*parts[start:])
        yield str(tail)
        yield str(tail.with_name(path.stem))
