"""One pass of the detector over a batch, and what each method gets of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from xaudit.explain.engine.detector import FeatureLayer
from xaudit.explain.engine.passes import Features, Pass, PassAnswer


@dataclass(frozen=True, slots=True)
class PassPurpose:
    """What a pass is made for; passes that want the same share batches."""

    gradients: bool
    features: bool
    rough: bool = False

    @property
    def backward(self) -> bool:
        """Whether the logit is differentiated."""
        return self.gradients or self.features


@dataclass(frozen=True, slots=True, eq=False)
class PassResult:
    """What one batch gave; rows are images."""

    logits: torch.Tensor
    gradients: torch.Tensor | None = None
    activations: torch.Tensor | None = None
    activation_gradients: torch.Tensor | None = None


def run_batch(
    forward: Callable[[torch.Tensor], torch.Tensor],
    layer: FeatureLayer | None,
    images: torch.Tensor,
    wanted: PassPurpose,
) -> PassResult:
    """Pass a batch through the detector and differentiate what is wanted.

    Args:
        forward: (N, C, H, W) → (N,), through the detector.
        layer: the target layer; not None where features are wanted.
        images: the batch.
        wanted: what to return.
    """
    if not wanted.backward:
        with torch.inference_mode():
            return PassResult(forward(images))
    if wanted.gradients:
        images = images.requires_grad_(True)
    with torch.enable_grad(), outputs_of(layer if wanted.features else None) as outputs:
        logits = forward(images)
    points = [images] * wanted.gradients + outputs[-1:]
    slopes = list(torch.autograd.grad(logits.sum(), points))
    gradients = slopes.pop(0) if wanted.gradients else None
    if layer is None or not outputs:
        return PassResult(logits.detach(), gradients)
    feature_maps = (layer.feature_map(one) for one in (outputs[-1].detach(), slopes[0]))
    return PassResult(logits.detach(), gradients, *feature_maps)


@contextmanager
def outputs_of(layer: FeatureLayer | None) -> Iterator[list[torch.Tensor]]:
    """Record what is read at a target layer; the network goes on with a copy.

    The copy keeps the record intact where what comes next works in place. Where the images need
    no gradient, the graph starts here and the backward pass ends here.
    """
    outputs: list[torch.Tensor] = []

    def record(output: torch.Tensor) -> torch.Tensor:
        outputs.append(output if output.requires_grad else output.detach().requires_grad_(True))
        return outputs[-1].clone()

    with layer.passing(record) if layer else nullcontext():
        yield outputs


class Gathered:
    """Collects the answer to one pass, batch by batch."""

    def __init__(self, asked: Pass) -> None:
        self.asked = asked
        backward = asked.gradients or asked.features
        self.wanted = PassPurpose(asked.gradients, asked.features, asked.rough and not backward)
        self.reduced = False
        self._logits: list[np.ndarray] = []
        self._gradients: list[np.ndarray] = []
        self._features: list[tuple[np.ndarray, np.ndarray]] = []
        self._sums: torch.Tensor | None = None
        self._taken = 0

    def take(self, outcome: PassResult, rows: slice) -> None:
        """Take these rows of a batch."""
        self._logits.append(outcome.logits[rows].double().cpu().numpy())
        if outcome.gradients is not None:
            self._take_gradients(outcome.gradients[rows])
        if outcome.activations is not None and outcome.activation_gradients is not None:
            pair = (outcome.activations[rows], outcome.activation_gradients[rows])
            self._features.append((_float(pair[0]), _float(pair[1])))
        self._taken += rows.stop - rows.start

    def _take_gradients(self, gradients: torch.Tensor) -> None:
        if self.asked.weights is None:
            self._gradients.append(_float(gradients))
            return
        columns = self.asked.weights[:, self._taken : self._taken + len(gradients)]
        weights = torch.from_numpy(columns.astype(np.float32)).to(gradients.device)
        part = torch.tensordot(weights, gradients.float(), 1).cpu().double()
        self._sums = part if self._sums is None else self._sums + part

    def answer(self) -> PassAnswer:
        """Everything that was taken."""
        gradients = np.concatenate(self._gradients) if self._gradients else None
        if self._sums is not None:
            gradients = self._sums.float().numpy()
        features = None
        if self._features:
            activations, slopes = (
                np.concatenate(part) for part in zip(*self._features, strict=True)
            )
            features = Features(activations, slopes)
        return PassAnswer(np.concatenate(self._logits), gradients, features, self.reduced)


def _float(tensor: torch.Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
