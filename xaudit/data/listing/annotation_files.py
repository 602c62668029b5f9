"""Files of annotations of an export: those that are named, or those that are found by content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xaudit.data.listing.files import below, files_below
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class AnnotationFiles:
    """How the annotation files of one tool are told from other files.

    Attributes:
        suffixes: in small letters, with their dot; where a tool writes the same in several kinds,
            the first kind that is there counts.
        is_one: whether a file is one, by its content.
        expected: what is expected, for the error where there is none.
    """

    suffixes: tuple[str, ...]
    is_one: Callable[[Path], bool]
    expected: str

    def found(self, folder: Path) -> list[Path]:
        """Those at any depth below a folder, in order; empty where there are none."""
        return self._below(folder, self.is_one)

    def of(self, root: Path, named: str) -> list[Path]:
        """The file that is named, all files of a folder that is, or those that are found.

        Args:
            root: of the study.
            named: ``data.options.annotations``; empty for none.

        Raises:
            DataError: there is none, or the path leads out of the study.
        """
        path = below(root, named, "data.options.annotations")
        if path.is_file():
            return [path]
        found = self._below(path, lambda _: True) if named else self.found(path)
        if not found:
            raise DataError(
                f"{root.name}: expected {self.expected}, found none; name it: data.options: "
                f"{{annotations: FILE{self.suffixes[0]}}}"
            )
        return found

    def _below(self, folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
        for suffix in self.suffixes:
            if found := [path for path in files_below(folder, (suffix,)) if wanted(path)]:
                return found
        return []
