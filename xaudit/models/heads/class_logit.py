"""Scores of classifiers: one logit for the positive class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from xaudit.core.target import Target, TargetRecord
from xaudit.errors import DetectorError
from xaudit.models.heads.output import (
    CLASSES,
    NEXT_TO_ONE,
    ONE_VALUE,
    PROBABILITIES,
    ROUNDING,
    SMALLEST,
    OutputSpec,
)

_ROUNDING_OF_HALF = 2e-2
_SHOWN = 6


def rounding(kind: torch.dtype) -> float:
    """How far a probability may leave [0, 1], and a row 1; half precision may err by more."""
    return ROUNDING if kind in {torch.float64, torch.float32} else _ROUNDING_OF_HALF


@dataclass(frozen=True, slots=True)
class ClassLogit:
    """The logit of the positive class, which a classifier is audited for; a `Target`.

    Attributes:
        output: what the network returns, and which of it means fractured.
    """

    output: OutputSpec

    @property
    def record(self) -> TargetRecord:
        """See `xaudit.core.target.Target`."""
        return {
            "kind": "class_logit",
            "output": self.output.kind,
            "columns": self.output.columns,
        }

    def score(self, output: object, images: int) -> torch.Tensor:
        """See `positive_logit`."""
        return positive_logit(output, self.output, images)


def positive_logit(output: object, spec: OutputSpec, images: int) -> torch.Tensor:
    """The logit of the positive class.

    For classes that exclude each other it is the log odds of those that mean fractured against
    all others, so that a probability of 0.5 is a logit of 0 for every kind of head:
    logsumexp(positive) - logsumexp(others) where the network returns logits,
    log(sum of positive) - log(sum of others) where it returns probabilities. Probabilities have
    the limits of `OutputSpec.clipping`.

    Args:
        output: what the network returned.
        spec: what it is declared to mean.
        images: N, for how many images.

    Returns:
        (N,); NaN where a network of probabilities returned none.

    Raises:
        DetectorError: the output is not what was declared.
    """
    table = as_table(output, images)
    width = table.shape[1]
    _check_width(width, spec)
    positive = list(spec.columns)
    others = [column for column in range(width) if column not in set(positive)]
    if spec.kind in PROBABILITIES:
        return _log_odds(table, positive, others)
    if spec.kind in CLASSES:
        return _together(table[:, positive]) - _together(table[:, others])
    return table[:, positive[0]]


def outputs_in_columns(head: Target, output: object, images: int) -> torch.Tensor:
    """What a network returned, (N, K); of one that draws the scores of the images, (N, 1).

    Args:
        head: what the output means.
        output: of the network.
        images: N.

    Raises:
        DetectorError: the output is not what was declared.
    """
    if isinstance(head, ClassLogit):
        return as_table(output, images)
    scores: torch.Tensor = head.score(output, images)
    return scores[:, None]


def as_table(output: object, images: int) -> torch.Tensor:
    """What a network returned for N images as (N, K), never flattened.

    Networks that end with ``squeeze`` lose the axis of a single image or of a single output, and
    those without a final ``flatten`` keep a feature map of one pixel, (N, K, 1, 1): in neither is
    there anything to choose from.

    Args:
        output: what the network returned.
        images: N.

    Raises:
        DetectorError: it is no tensor of scores, or none with one row for each image.
    """
    if not isinstance(output, torch.Tensor):
        raise DetectorError(
            f"the network returned {_described(output)}, expected one tensor; wrap it in a "
            "factory of your own that returns one of them (detector.architecture: "
            "package.module:factory)"
        )
    if not output.is_floating_point():
        raise DetectorError(
            f"the network returned numbers of the type {str(output.dtype).removeprefix('torch.')}, "
            "expected scores (float32): classes that were already decided have no threshold"
        )
    shape = tuple(output.shape)
    if images == 1 and len(shape) < 2:
        return output.reshape(1, -1)
    if shape == (images,):
        return output[:, None]
    if len(shape) == 4 and shape[2:] == (1, 1):
        output, shape = output.flatten(1), shape[:2]
    if len(shape) == 2 and shape[0] == images and shape[1] > 0:
        return output
    raise DetectorError(_misfit(shape, images))


def _misfit(shape: tuple[int, ...], images: int) -> str:
    what = {3: ", such as boxes or tokens", 4: ", such as a segmentation map"}.get(len(shape), "")
    return (
        f"the network returned a tensor of shape {shape} for {images} image"
        f"{'s' * (images != 1)}, expected ({images},), ({images}, 1) or ({images}, outputs): "
        f"{'more than one row of outputs for each image' + what if what else 'one row each'}. It "
        "is not flattened, as nobody could say which number is the score: wrap the network in a "
        "factory of your own that returns one logit for each image (detector.architecture: "
        "package.module:factory), or declare what is drawn (detector.output.kind: boxes or "
        "segmentation)"
    )


def _described(output: object) -> str:
    """The type of what is no tensor, and what is in it."""
    name = type(output).__name__
    if isinstance(output, Mapping):
        return f"{name} with {_listed([repr(key) for key in output])}"
    if isinstance(output, Sequence) and not isinstance(output, str):
        return f"{name} of {len(output)}: {_listed([_shape_of(one) for one in output])}"
    names = (
        [name for name in vars(output) if not name.startswith("_")] if _has_names(output) else []
    )
    return f"{name} with {_listed(names)}" if names else name


def _has_names(output: object) -> bool:
    return hasattr(output, "__dict__")


def _shape_of(one: object) -> str:
    shaped = isinstance(one, torch.Tensor)
    return f"tensor {tuple(one.shape)}" if shaped else type(one).__name__  # type: ignore[attr-defined]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _check_width(width: int, spec: OutputSpec) -> None:
    kind, columns = spec.kind, spec.columns
    if kind in ONE_VALUE:
        several = "probabilities" if kind == "probability" else "softmax or multi_label"
        _expect(
            width == 1,
            f"output.kind {kind} means one output, the network has {width}; {several} takes "
            "several",
        )
    _expect(
        kind != "two_logits" or width == 2,
        f"output.kind two_logits means two outputs, the network has {width}; softmax takes "
        "any number of classes",
    )
    _expect(
        max(columns) < width,
        f"output.positive is column {max(columns)} (from 0), the network has {width} outputs",
    )
    _expect(
        kind not in CLASSES or len(columns) < width,
        f"output.positive names all {width} outputs: at least one class means not fractured"
        + ("; one output under a sigmoid is a logit or a probability" if width == 1 else ""),
    )


def _together(logits: torch.Tensor) -> torch.Tensor:
    """The logit of several classes together; that of one is left as it is, to the last digit."""
    return logits[:, 0] if logits.shape[1] == 1 else logits.logsumexp(dim=1)


def _log_odds(table: torch.Tensor, positive: Sequence[int], others: Sequence[int]) -> torch.Tensor:
    """Log odds of probabilities, clipped; NaN in rows that hold anything else."""
    off = rounding(table.dtype)
    # Half precision has no number as small as the limits.
    values = table if table.dtype == torch.float64 else table.float()
    chance = values[:, positive].sum(dim=1)
    wrong = ((values < -off) | (values > 1 + off)).any(dim=1)
    if others:
        rest, least = values[:, others].sum(dim=1), SMALLEST
        wrong |= (chance + rest - 1).abs() > off
    else:
        rest, least = 1 - chance, NEXT_TO_ONE
    odds = chance.clamp_min(SMALLEST).log() - rest.clamp_min(least).log()
    return odds.masked_fill(wrong, math.nan)


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise DetectorError(f"{message}; see detector.output")
