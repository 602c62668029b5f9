"""What a configuration says of a detector; read without torch."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from xaudit.core.detector import InputSpec
from xaudit.core.message import Message

OutputKind = Literal[
    "logit", "two_logits", "softmax", "multi_label", "probability", "probabilities"
]
TORCH = "torch"
"""The format of a file of weights that an architecture takes."""
OF_FORMAT = "format:{}"
"""The architecture of a model that is one file of another format."""
Argument = str | int | float | bool | None
ONE_VALUE = ("logit", "probability")
"""Kinds of a network that returns one number for each image."""
CLASSES = ("two_logits", "softmax", "probabilities")
"""Kinds whose columns are classes that exclude each other."""
PROBABILITIES = ("probability", "probabilities")
"""Kinds whose numbers lie in [0, 1]: a sigmoid or a softmax is left in."""
SEVERAL_POSITIVE = ("softmax", "probabilities")
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
            "probabilities" (rows that sum to 1: it ends with a softmax).
        positive: which columns mean fractured; several only of classes that exclude each other.

    Raises:
        ValueError: the columns do not fit the kind.
    """

    kind: OutputKind = "logit"
    positive: int | tuple[int, ...] = 0

    def __post_init__(self) -> None:
        problem = positive_problem(self.kind, self.columns)
        if problem:
            raise ValueError(problem)

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
        limits = {"probability": (low, -math.log(NEXT_TO_ONE)), "probabilities": (low, high)}
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
        limits = self.clipping
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
            f"{' and '.join(SEVERAL_POSITIVE)} only, where classes exclude each other, got {kind}"
        )
    return ""


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Architecture, weights, input and output of a detector.

    Attributes:
        name: how reports call it.
        version: as its maker numbers it.
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory"; what `OF_FORMAT`
            makes of a format that is not torch's.
        weights: safetensors or a state_dict; the model where it has another format; None where it
            has no file.
        arguments: passed to the factory, or to the reader of the format.
        input: what it expects to see.
        output: what it returns.
        target_layer: dotted name of the layer whose output Grad-CAM reads; None to find what the
            head pools.
        weights_key: of the state in the file, dotted; None where the file holds one.
        weights_prefix: of the names to take; None to take one off that all share, if that fits.
        weights_leave_out: names of entries that are not loaded, and beginnings with their dot.
        allow_code: names of factories, "module:factory", that may run although they are none of
            torchvision, timm or xaudit; services and programs, as
            `xaudit.models.remote.permission.asked` names them.
        format: of the file: `TORCH`, or another one.
        env: environment variables that may be read besides those that begin with ``XAUDIT_``.
        sandbox: whether the model, or the program, runs in a box; see `xaudit.models.sandbox`.
    """

    name: str
    version: str
    architecture: str
    weights: Path | None
    input: InputSpec
    output: OutputSpec = field(default_factory=OutputSpec)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    target_layer: str | None = None
    weights_key: str | None = None
    weights_prefix: str | None = None
    weights_leave_out: tuple[str, ...] = ()
    allow_code: Collection[str] = ()
    format: str = TORCH
    env: Collection[str] = ()
    sandbox: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a detector says of N images, and of the first M of them asked otherwise.

    Attributes:
        outputs: (N, K), what the network returned before anything was made of it.
        logits: (N,), in batches.
        again: (M,), the same batches asked once more.
        alone: (M,), each image by itself.
        moved: (M,), each image at another place among others.
        rounding: how far probabilities may be off in the number format of the outputs.
    """

    outputs: npt.NDArray[np.float64]
    logits: npt.NDArray[np.float64]
    again: npt.NDArray[np.float64]
    alone: npt.NDArray[np.float64]
    moved: npt.NDArray[np.float64]
    rounding: float = ROUNDING
