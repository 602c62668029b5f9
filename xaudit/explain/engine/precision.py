"""Faster number formats for masked images, where a measurement says that they are good enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)

BOUND = 0.05
"""Largest error of the logits, relative to their standard deviation over the images."""

_ENOUGH = 4

Forward = Callable[[torch.Tensor], torch.Tensor]


@dataclass(slots=True)
class Rough:
    """Forward passes in bfloat16, as far as they are measured to be close to float32.

    Only for methods that average over many masked images, never for scores or gradients: the
    gradient of a network with ReLUs is wrong by a quarter and more (docs/decisions/011). The
    first batch of every round is passed in both formats; where they differ by more than the
    bound, the whole round is in float32.

    Attributes:
        wanted: what the configuration asks for.
        rounds: measured so far.
        refused: of these, how many were over the bound.
        worst: largest error among those within it.
    """

    wanted: str = "float32"
    rounds: int = 0
    refused: int = 0
    worst: float = 0.0

    def __post_init__(self) -> None:
        if self.wanted not in PRECISIONS:
            raise ValueError(f"precision is one of {', '.join(PRECISIONS)}, got {self.wanted!r}")

    @property
    def described(self) -> str:
        """For provenance: what was used, and how it was measured."""
        if self.wanted == "float32":
            return "float32"
        return (
            f"float32; masked images in {self.wanted} in {self.rounds - self.refused} of "
            f"{self.rounds} rounds of the last run, error at most {self.worst:.3f} of the "
            "spread of logits"
        )

    def round(self, forward: Forward) -> Round:
        """What passes the batches of one round.

        Args:
            forward: images → logits, in float32.
        """
        return Round(self, forward)

    def note(self, error: float) -> bool:
        """Keep a measurement; whether it is within the bound."""
        self.rounds += 1
        within = error <= BOUND
        self.refused += not within
        self.worst = max(self.worst, error if within else 0.0)
        return within


class Round:
    """Batches that belong together: the first decides for all of them.

    Attributes:
        reduced: whether any batch was passed in the faster format.
    """

    def __init__(self, rough: Rough, forward: Forward) -> None:
        self._rough, self._forward = rough, forward
        self._allowed = None if rough.wanted != "float32" else False
        self.reduced = False

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch."""
        if self._allowed:
            self.reduced = True
            return _reduced(self._forward, images)
        logits = self._forward(images)
        if self._allowed is None and len(images) >= _ENOUGH:
            error = _relative(_reduced(self._forward, images), logits)
            self._allowed = self._rough.note(error)
        return logits


def _reduced(forward: Forward, images: torch.Tensor) -> torch.Tensor:
    with torch.autocast(images.device.type, torch.bfloat16):
        return forward(images).float()


def _relative(rough: torch.Tensor, exact: torch.Tensor) -> float:
    spread = float(exact.std())
    difference = float((rough - exact).square().mean().sqrt())
    return difference / spread if spread else float("inf")
