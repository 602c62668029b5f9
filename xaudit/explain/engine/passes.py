"""Passes: what a method may ask of the detector, and what it gets."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray
from xaudit.explain.engine.inputs import Inputs

if TYPE_CHECKING:
    from xaudit.explain.engine.evaluator import Evaluator


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Pass images through the detector.

    Attributes:
        inputs: the images.
        gradients: also differentiate the logit with respect to the pixels.
        features: also return the target layer's output, and the logit's derivative there.
        weights: (K, N); return K weighted sums of the N gradients instead of the gradients.
        rough: many such images are averaged, so that a faster number format will do where it is
            measured to be close enough.
        key: what the images are; passes of one case with the same key are made once and answer
            every method that asks. None: nobody else will ask for these.
    """

    inputs: Inputs
    gradients: bool = False
    features: bool = False
    weights: npt.NDArray[np.float64] | None = None
    rough: bool = False
    key: Hashable | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Direct:
    """Let a library call the detector by itself; batches are then its own.

    Attributes:
        call: gets the evaluator, returns the answer.
    """

    call: Callable[[Evaluator], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A layer's output for N images, and how the logit depends on it; (N, K, h, w) each."""

    activations: FloatArray
    gradients: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PassAnswer:
    """What came out for N images.

    Attributes:
        logits: (N,) of the positive class.
        gradients: (N, C, H, W), or (K, C, H, W) where weights were given; None if not asked.
        features: None if not asked.
        reduced: whether a faster number format was used.
    """

    logits: npt.NDArray[np.float64]
    gradients: FloatArray | None = None
    features: Features | None = None
    reduced: bool = False
