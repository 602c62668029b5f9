"""What a configuration says of boxes and masks that a network draws; read without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

BoxActivation = Literal["none", "sigmoid", "softmax"]
BoxFormat = Literal["xyxy", "cxcywh"]
AUTO = "auto"
"""The layout is recognized from what the network returns."""


@dataclass(frozen=True, slots=True)
class BoxesSpec:
    """How a network returns boxes, and which of them count.

    Attributes:
        layout: name of a file of `xaudit.models.heads.layouts`, or "auto".
        activation: what makes probabilities of the scores: "none" where they are that already,
            "sigmoid", or "softmax" over the classes and, last, no object. None for what the
            layout always has.
        rule: how the score of an image comes of its boxes: "max", or "noisy_or", the probability
            that not all of them are wrong.
        threshold: probability from which on a box is drawn, in (0, 1).
        nms: boxes of one class that overlap a better one by more than this IoU are dropped, in
            (0, 1]; None for what the makers of the layout do.
        most: boxes on one image, the best ones.
        format: of the corners, None for that of the layout: "xyxy" or "cxcywh".
        normalized: whether coordinates are shares of the width and height of the input grid, or
            its pixels; None for what the layout has.

    Raises:
        ValueError: a number is outside of its range.
    """

    layout: str = AUTO
    activation: BoxActivation | None = None
    rule: Literal["max", "noisy_or"] = "max"
    threshold: float = 0.001
    nms: float | None = None
    most: int = 100
    format: BoxFormat | None = None
    normalized: bool | None = None

    # Read by pydantic where a configuration holds it.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f"output.boxes.threshold lies between 0 and 1, got {self.threshold}")
        if self.nms is not None and not 0 < self.nms <= 1:
            raise ValueError(f"output.boxes.nms lies above 0 and not above 1, got {self.nms}")
        if self.most < 1:
            raise ValueError(f"output.boxes.most is at least 1, got {self.most}")

    @property
    def floor(self) -> float:
        """The logit of the threshold."""
        return math.log(self.threshold) - math.log1p(-self.threshold)


@dataclass(frozen=True, slots=True)
class MasksSpec:
    """How a network returns masks, and how the score of an image comes of them.

    Attributes:
        activation: what makes probabilities of the outputs: "sigmoid", each class by itself,
            "softmax" over all of them, or "none" where they are that already.
        rule: "max", the highest logit of the positive class, or "mean_of_top".
        share: of the pixels of the map whose mean is the score by "mean_of_top", in (0, 1].

    Raises:
        ValueError: a number is outside of its range.
    """

    activation: BoxActivation = "sigmoid"
    rule: Literal["max", "mean_of_top"] = "max"
    share: float = 0.01

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"output.masks.share lies above 0 and not above 1, got {self.share}")
