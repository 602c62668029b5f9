"""The one door to the detector: batches, memory, gradients and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import Detector

MICRO_BATCH = 8
"""Images at once on a CPU: 4 to 16 are fastest there, 32 is slower again (cache)."""


class DifferentiableDetector(Detector, Protocol):
    """A detector that torch can see through."""

    @property
    def module(self) -> torch.nn.Module:
        """(N, C, H, W) in [0, 1] → (N,) logits."""

    @property
    def target_layer(self) -> torch.nn.Module | None:
        """The layer that Grad-CAM reads; None if there is none."""

    @property
    def feature_grid(self) -> tuple[int, int] | None:
        """Rows and columns of that layer's output."""


@dataclass(slots=True)
class Cost:
    """Images that passed through the detector.

    Attributes:
        forward: passes forward.
        backward: passes backward.
    """

    forward: int = 0
    backward: int = 0


class _Counting(torch.nn.Module):
    """The detector as the libraries see it: every image that passes is counted."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module
        self.cost = Cost()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.cost.forward += len(images)
        if torch.is_grad_enabled() and images.requires_grad:
            self.cost.backward += len(images)
        logits: torch.Tensor = self.module(images.contiguous(memory_format=torch.channels_last))
        return logits


class Evaluator:
    """Calls the detector for every method, in batches that fit.

    Args:
        detector: under audit; left in the state in which it came.
        micro_batch: images at once; halved whenever memory runs out.
    """

    def __init__(self, detector: DifferentiableDetector, micro_batch: int = MICRO_BATCH) -> None:
        self._detector = detector
        self._counting = _Counting(detector.module)
        self._counting.eval()
        self.micro_batch = micro_batch

    @property
    def module(self) -> torch.nn.Module:
        """The counting module, for libraries that want to call it themselves."""
        return self._counting

    @property
    def target_layer(self) -> torch.nn.Module | None:
        """The layer that Grad-CAM reads."""
        return self._detector.target_layer

    @property
    def feature_grid(self) -> tuple[int, int] | None:
        """Rows and columns of the target layer's output; None if there is none."""
        return self._detector.feature_grid

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """Logits of the positive class; (N, C, H, W) in [0, 1] → (N,)."""

        def forward(batch: torch.Tensor) -> torch.Tensor:
            with torch.inference_mode():
                logits: torch.Tensor = self._counting(batch)
            return logits

        return self._in_batches(forward, images).astype(np.float64)

    def gradients(self, images: FloatArray) -> FloatArray:
        """Gradients of the logits with respect to the pixels; (N, C, H, W) → (N, C, H, W)."""

        def backward(batch: torch.Tensor) -> torch.Tensor:
            batch = batch.requires_grad_(True)
            (gradient,) = torch.autograd.grad(self._counting(batch).sum(), batch)
            return gradient

        return self._in_batches(backward, images)

    @contextmanager
    def counted(self) -> Iterator[Cost]:
        """What passes through the detector inside the block; complete when it ends."""
        before = Cost(self._counting.cost.forward, self._counting.cost.backward)
        block = Cost()
        try:
            yield block
        finally:
            block.forward = self._counting.cost.forward - before.forward
            block.backward = self._counting.cost.backward - before.backward

    def _in_batches(
        self, step: Callable[[torch.Tensor], torch.Tensor], images: FloatArray
    ) -> npt.NDArray[np.float32]:
        parts: list[npt.NDArray[np.float32]] = []
        start = 0
        while start < len(images):
            batch = torch.from_numpy(images[start : start + self.micro_batch])
            try:
                parts.append(step(batch).detach().cpu().numpy())
            except RuntimeError as error:
                if self.micro_batch == 1 or not _out_of_memory(error):
                    raise
                self.micro_batch //= 2
            else:
                start += len(batch)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
