"""Ports of differentiable detectors: gradients and feature maps that can be read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import torch

from xaudit.core.boxes import Boxes
from xaudit.core.detector import Detector


class FeatureLayer(Protocol):
    """A place in a network where a feature map can be read."""

    @property
    def name(self) -> str:
        """What is read, for reports: a dotted name, and what is called after it."""

    @property
    def module(self) -> torch.nn.Module:
        """The layer."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the feature map."""

    def feature_map(self, output: torch.Tensor) -> torch.Tensor:
        """What is read as (N, K, h, w)."""

    def passing(
        self, through: Callable[[torch.Tensor], torch.Tensor]
    ) -> AbstractContextManager[None]:
        """While this is open, what is read goes through a function, and on from there."""

    def within(self, module: torch.nn.Module) -> FeatureLayer:
        """The same layer in a copy of the network."""


@runtime_checkable
class Draws(Protocol):
    """A network that says where, besides whether."""

    @property
    def reference(self) -> tuple[float, float, float, float] | None:
        """The box that is explained, where it is not the image."""

    def boxes(self, images: torch.Tensor, /) -> list[Boxes]:
        """Boxes on each of N images, on the input grid; (N, C, H, W) in [0, 1].

        Raises:
            DetectorError: it draws none, or a number is not finite.
        """

    def masks(self, images: torch.Tensor, /) -> torch.Tensor:
        """Logits of the positive class on the input grid; (N, C, H, W) in [0, 1] → (N, H, W).

        Raises:
            DetectorError: it paints none.
        """


class DifferentiableDetector(Detector, Protocol):
    """A detector that torch can see through."""

    @property
    def module(self) -> torch.nn.Module:
        """(N, C, H, W) in [0, 1] → (N,) logits."""

    @property
    def target_layer(self) -> FeatureLayer | None:
        """The layer that Grad-CAM reads; None if there is none."""
