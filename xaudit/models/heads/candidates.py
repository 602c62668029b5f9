"""Candidates: boxes as a network returns them, before any is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from xaudit.core.registry import Registry
from xaudit.errors import DetectorError
from xaudit.models.heads.class_logit import rounding
from xaudit.models.heads.drawing import BoxActivation, BoxesSpec, BoxFormat
from xaudit.models.heads.output import NEXT_TO_ONE, SMALLEST

_LARGEST_SHARE = 2.0
"""Of a side of the grid; coordinates of a trained network do not reach further."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes of the positive classes on one image; they can be differentiated.

    Attributes:
        corners: (A, 4): left, top, right, bottom, in pixels of the input grid.
        ratings: (A,), logits; NaN where the score is no probability.
        classes: (A,), whole numbers.
    """

    corners: torch.Tensor
    ratings: torch.Tensor
    classes: torch.Tensor

    def __len__(self) -> int:
        return len(self.ratings)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a layout is read with.

    Attributes:
        spec: as declared.
        columns: the classes that mean fractured.
        grid: (H, W) of the input.
        images: N.
    """

    spec: BoxesSpec
    columns: tuple[int, ...]
    grid: tuple[int, int]
    images: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which networks return boxes.

    Attributes:
        looks: whether an output of a network looks like it, for this grid and so many images.
        read: makes candidates of it, for each image; the first argument is the output. Raises
            DetectorError where it is not what was declared.
        nms: the IoU from which makers of such networks drop boxes; None where they keep all.
        chosen: whether the network returns a choice of its boxes alone: then nobody knows the
            scores of the others.
    """

    looks: Callable[[object, tuple[int, int], int], bool]
    read: Callable[[object, Reading], Sequence[Candidates]]
    nms: float | None = None
    chosen: bool = False


LAYOUTS: Registry[Layout] = Registry(
    "layout of boxes", entry_points="xaudit.boxes", package="xaudit.models.heads.layouts"
)
"""Name of a layout → how it is read."""


def logits_of(scores: torch.Tensor, activation: BoxActivation) -> torch.Tensor:
    """Logits of scores, each by itself.

    Args:
        scores: of any shape.
        activation: "none" or "sigmoid".

    Returns:
        Log odds; those of probabilities are clipped as `OutputSpec.clipping` says, and NaN where
        a number lies outside of [0, 1].
    """
    if activation == "sigmoid":
        return scores
    values = scores if scores.dtype == torch.float64 else scores.float()
    off = rounding(scores.dtype)
    odds = values.clamp_min(SMALLEST).log() - (1 - values).clamp_min(NEXT_TO_ONE).log()
    return odds.masked_fill((values < -off) | (values > 1 + off), math.nan)


def activation_of(
    reading: Reading, standard: BoxActivation, others: Sequence[str] = ("sigmoid",)
) -> BoxActivation:
    """The activation that is declared, or else that of the layout.

    Raises:
        DetectorError: the layout cannot have it.
    """
    declared = reading.spec.activation or standard
    if declared not in {standard, *others}:
        raise DetectorError(
            f"output.boxes.activation: {declared}: this layout has {standard} or "
            f"{' or '.join(others)}"
        )
    return declared


def as_corners(
    boxes: torch.Tensor, reading: Reading, form: BoxFormat, normalized: bool
) -> torch.Tensor:
    """Boxes as corners in pixels of the input grid.

    Args:
        boxes: (..., 4).
        reading: format and unit as declared go before those of the layout.
        form: of the layout.
        normalized: of the layout.

    Raises:
        DetectorError: what is declared as pixels are shares, or the other way round.
    """
    shares = normalized if reading.spec.normalized is None else reading.spec.normalized
    _refuse_other_unit(boxes, shares)
    if (reading.spec.format or form) == "cxcywh":
        middle, half = boxes[..., :2], boxes[..., 2:] / 2
        boxes = torch.cat([middle - half, middle + half], dim=-1)
    if not shares:
        return boxes
    height, width = reading.grid
    return boxes * torch.tensor([width, height, width, height]).to(boxes)


def _refuse_other_unit(boxes: torch.Tensor, shares: bool) -> None:
    if not boxes.numel():
        return
    # A table of zeros holds no box.
    largest = float(boxes.detach().abs().max())
    if shares and largest > _LARGEST_SHARE:
        raise DetectorError(
            f"output.boxes: coordinates are declared as shares of the image and reach "
            f"{largest:.4g}; expected at most {_LARGEST_SHARE:g}: declare normalized: false"
        )
    if not shares and 0 < largest <= _LARGEST_SHARE:
        raise DetectorError(
            f"output.boxes: coordinates are declared as pixels and none exceeds "
            f"{largest:.4g}; if they are shares of the image declare normalized: true"
        )


def checked_columns(reading: Reading, width: int) -> list[int]:
    """The classes that mean fractured, where the network has so many classes.

    Raises:
        DetectorError: it has fewer.
    """
    if max(reading.columns) >= width:
        raise DetectorError(
            f"output.positive is class {max(reading.columns)} (from 0), the network has {width} "
            "classes; see detector.output"
        )
    return list(reading.columns)


def of_every_class(
    corners: torch.Tensor, ratings: torch.Tensor, columns: Sequence[int]
) -> list[Candidates]:
    """A candidate for every box and every class.

    Args:
        corners: (N, A, 4).
        ratings: (N, A, P), of the positive classes.
        columns: their P numbers.
    """
    places, width = corners.shape[1], len(columns)
    classes = torch.tensor(columns, device=ratings.device).repeat(places)
    return [
        Candidates(boxes.repeat_interleave(width, dim=0), scores.reshape(-1), classes)
        for boxes, scores in zip(corners, ratings, strict=True)
    ]
