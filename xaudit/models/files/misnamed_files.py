"""Misnamed files: what lies where weights were expected, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PREDICTIONS = (
    "save the state_dict of the PyTorch network that it was made from, or audit its predictions "
    "as a table (docs/how-to/audit-predictions.md)"
)
UNPACK = "unpack it"
DECLARE = "declare detector.format: {} and leave out detector.architecture"
"""Where a format reads what was found."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A file or a folder that is no checkpoint.

    Attributes:
        what: "an ONNX model".
        remedy: what can be done, as an order.
        format: that reads it (`detector.format`); empty where none does.
    """

    what: str
    remedy: str
    format: str = ""

    def sentence(self, path: Path) -> str:
        """For the user."""
        where = "detector.format" if self.format else "detector.weights"
        return f"{path}: is {self.what}, not a torch checkpoint: {self.remedy} ({where})"
