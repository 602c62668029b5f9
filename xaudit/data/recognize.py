"""The port for recognizers of study formats: what a folder holds, found out from its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xaudit.core.registry import Registry
from xaudit.data.spec import DataSpec


@dataclass(frozen=True, slots=True)
class Inspection:
    """A declaration to start from.

    Attributes:
        spec: what seems to fit; what was not recognized is left out.
        columns: every column of the list, in order.
        findings: one sentence for each guess and each question, for a reader.
        preview: with every question answered somehow, to draw examples; None where nothing is
            asked.
    """

    spec: DataSpec
    columns: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    preview: DataSpec | None = None


@dataclass(frozen=True, slots=True)
class Recognizer:
    """How a format is recognized.

    Attributes:
        look: what a folder holds; None where it is not of this format.
        rank: how special the format is: 3 for one data set, 2 for a list of cases or a file of an
            annotation tool, 1 for folders of images. The highest one counts.
    """

    look: Callable[[Path], Inspection | None]
    rank: int


RECOGNIZERS: Registry[Recognizer] = Registry("recognizer")
"""Name of a format → how it is recognized; registered beside its reader."""
