"""Specification of boxes that a detector drew elsewhere: where they are, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Joined = Literal["max", "noisy_or"]
"""How the scores of the boxes of an image become that of the image."""
ROLES = ("image", "left", "top", "right", "bottom", "width", "height", "score", "class")


@dataclass(frozen=True, slots=True)
class BoxesSpec:
    """The declaration behind boxes that a detector drew.

    Attributes:
        found: COCO results (JSON), a table of boxes (CSV, Parquet, Arrow), or a folder of YOLO
            text files with a score at the end of each line.
        images: COCO file whose images give the numbers of COCO results a file name; None where
            results name images as the study does.
        columns: role → column of a table, where it uses names of its own; see `ROLES`.
        classes: that mean fractured, as the file writes them; empty where it knows one class.
        scale: what a score is: a probability in [0, 1], or a logit.
    """

    found: Path
    images: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    scale: Literal["probability", "logit"] = "probability"
