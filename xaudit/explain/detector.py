"""What a detector must offer so that its gradients and features can be read."""

from __future__ import annotations

from typing import Protocol

import torch

from xaudit.core.detector import Detector


class PictureLayer(Protocol):
    """A layer of a network whose output is a picture."""

    @property
    def name(self) -> str:
        """Dotted, within the network."""

    @property
    def module(self) -> torch.nn.Module:
        """The layer."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the picture."""

    def picture(self, output: torch.Tensor) -> torch.Tensor:
        """The layer's output as (N, K, h, w)."""

    def within(self, module: torch.nn.Module) -> PictureLayer:
        """The same layer in a copy of the network."""


class DifferentiableDetector(Detector, Protocol):
    """A detector that torch can see through."""

    @property
    def module(self) -> torch.nn.Module:
        """(N, C, H, W) in [0, 1] → (N,) logits."""

    @property
    def target_layer(self) -> PictureLayer | None:
        """The layer that Grad-CAM reads; None if there is none."""
