"""What a configuration says of the output of a network; read without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from xaudit.core.message import Message
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec

OutputKind = Literal[
    "logit", "two_logits", "softmax", "multi_label", "probability", "probabilities",
    "boxes", "segmentation",
]  # fmt: skip
_BESIDE: dict[str, tuple[str, type[BoxesSpec | MasksSpec]]] = {
    "boxes": ("boxes", BoxesSpec),
    "segmentation": ("masks", MasksSpec),
}
DRAWN = tuple(_BESIDE)
"""Kinds of networks that say where, besides whether."""
ONE_VALUE = ("logit", "probability")
"""Kinds of a network that returns one number for each image."""
CLASSES = ("two_logits", "softmax", "probabilities")
"""Kinds whose columns are classes that exclude each other."""
PROBABILITIES = ("probability", "probabilities")
"""Kinds whose numbers lie in [0, 1]: a sigmoid or a softmax is left in."""
SEVERAL_POSITIVE = ("softmax", "probabilities", *DRAWN)
"""Kinds of which several columns together may mean fractured."""

ROUNDING = 1e-3
"""How far a probability may leave [0, 1], and a row of them 1, in float32."""
SMALLEST = 1e-20
"""Probabilities below it count as this much: float32 still has them, and their gradients."""
NEXT_TO_ONE = 2.0**-24
"""How far below 1 the largest number of float32 lies: a sigmoid that reached 1 counts as that."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the network returns.

    Attributes:
        kind: "logit" (one number), "two_logits" (softmax over two), "softmax" (logits of any
            number of classes that exclude each other), "multi_label" (one independent logit for
            each label), "probability" (one number in [0, 1]: the network ends with a sigmoid), or
            "probabilities" (rows that sum to 1: it ends with a softmax); "boxes" or
            "segmentation" of a network that says where.
        positive: which columns mean fractured; several only of classes that exclude each other,
            and of boxes. Of a layout with labels they are the labels.
        boxes: how they are returned, where the kind is "boxes"; None otherwise.
        masks: how they are returned, where the kind is "segmentation"; None otherwise.

    Raises:
        ValueError: the columns do not fit the kind, or boxes or masks do not.
    """

    kind: OutputKind = "logit"
    positive: int | tuple[int, ...] = 0
    boxes: BoxesSpec | None = None
    masks: MasksSpec | None = None

    def __post_init__(self) -> None:
        for kind, (name, standard) in _BESIDE.items():
            if self.kind == kind and getattr(self, name) is None:
                object.__setattr__(self, name, standard())
            elif self.kind != kind and getattr(self, name) is not None:
                raise ValueError(f"output.{name} belongs to output.kind {kind}, got {self.kind}")
        problem = positive_problem(self.kind, self.columns)
        if problem:
            raise ValueError(problem)
        if self.masks and self.masks.activation == "sigmoid" and len(self.columns) > 1:
            raise ValueError(
                f"output.positive: {list(self.columns)}: several classes can mean fractured where "
                "they exclude each other, under a softmax; got output.masks.activation: sigmoid"
            )

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns that mean fractured."""
        return (self.positive,) if isinstance(self.positive, int) else self.positive

    @property
    def clipping(self) -> tuple[float, float] | None:
        """Between which logits those of probabilities lie; None where nothing is clipped.

        A sigmoid in float32 reaches 1 at a logit of 17 and tells nothing beyond; a softmax keeps
        how small the others are.
        """
        low, high = math.log(SMALLEST), -math.log(SMALLEST)
        one = (low, -math.log(NEXT_TO_ONE))
        limits = {"probability": one, "probabilities": (low, high)}
        drawn = self.boxes or self.masks
        # Most layouts of boxes are of probabilities.
        if drawn is not None and drawn.activation in {None, "none"}:
            return one
        return limits.get(self.kind)

    @property
    def described(self) -> str:
        """The kind, the columns that mean fractured, and what is made of them."""
        columns = " + ".join(map(str, self.columns))
        said = (
            self.kind
            if self.kind in ONE_VALUE
            else Message("{kind}, column {columns} positive", kind=self.kind, columns=columns)
        )
        drawn, limits = self.boxes or self.masks, self.clipping
        if drawn is not None:
            return Message(
                "{output}; the score of an image by {rule}", output=said, rule=drawn.rule
            )
        if limits is None:
            return said
        return Message(
            "{output}; log odds, clipped to {low:.1f} and {high:.1f}",
            output=said,
            low=limits[0],
            high=limits[1],
        )


def positive_problem(kind: OutputKind, columns: tuple[int, ...]) -> str:
    """Why these columns cannot mean fractured under this kind; empty where they can."""
    said = f"output.positive: {list(columns)}"
    if not columns or len(set(columns)) < len(columns) or min(columns) < 0:
        return f"{said}: expected different columns, counted from 0"
    if kind in ONE_VALUE and columns != (0,):
        return f"{said}: output.kind {kind} has one column, 0; leave positive out"
    if kind == "two_logits" and max(columns) > 1:
        return f"{said}: output.kind two_logits has columns 0 and 1; softmax takes more classes"
    if len(columns) > 1 and kind not in SEVERAL_POSITIVE:
        return (
            f"{said}: several columns can mean fractured under "
            f"{' and '.join(SEVERAL_POSITIVE[:2])} only, where classes exclude each other, got "
            f"{kind}"
        )
    return ""
