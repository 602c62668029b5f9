"""Agreement of two networks on images like those of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray
from xaudit.core.detector import InputSpec
from xaudit.models.heads.output import PROBABILITIES, OutputKind
from xaudit.phantom.study import phantom_study

TOLERANCE = 1e-4
"""Absolute and relative, of logits; of probabilities relative to the nearer of 0 and 1."""
_OF_SPREAD = 1e-2
_ROUNDING = 1e-5
_LAST_DIGITS = 2.0**-22
"""Of a probability next to 1, in float32."""
_NOISE, _SEED = 2, 20
TOGETHER = (slice(0, 1), slice(1, 3), slice(0, 5))
"""Parts of the images in which they are asked: alone, two at a time, all together."""
ALONE = tuple(slice(at, at + 1) for at in range(5))
"""One image at a time."""
Asked = Callable[[FloatArray], FloatArray]


def images_like(spec: InputSpec) -> FloatArray:
    """Two images of noise and three phantom films, as they enter the network.

    Args:
        spec: how images are prepared.

    Returns:
        (5, C, H, W), normalized.
    """
    rng = np.random.default_rng(_SEED)
    planes = spec.channels if spec.color == "rgb" else 1
    noise = rng.random((_NOISE, planes, spec.height, spec.width), dtype=np.float32)
    # Real images are dark as well as bright.
    noise[1] *= 0.25
    films = np.stack([_sampled(film, spec.height, spec.width) for film in _films()])[:, None]
    shape = (spec.channels, spec.height, spec.width)
    every = np.concatenate([np.broadcast_to(one, (len(one), *shape)) for one in (noise, films)])
    mean, std = (np.asarray(one, np.float32).reshape(1, -1, 1, 1) for one in (spec.mean, spec.std))
    return np.ascontiguousarray((every - mean) / std, dtype=np.float32)


@cache
def _films() -> tuple[FloatArray, ...]:
    cases = phantom_study(_SEED, 3, 0.5).cases[:3]
    return tuple(np.asarray(case.image / 255, np.float32) for case in cases)


def _sampled(film: FloatArray, height: int, width: int) -> FloatArray:
    rows, columns = (
        (np.arange(new) * old) // new for new, old in zip((height, width), film.shape, strict=True)
    )
    return np.asarray(film[np.ix_(rows, columns)])


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """How far two networks differ.

    Attributes:
        largest: difference of two outputs.
        agrees: whether none is larger than what is tolerated.
    """

    largest: float
    agrees: bool


def compared(
    one: Asked,
    other: Asked,
    planes: FloatArray,
    kind: OutputKind,
    parts: Sequence[slice] = TOGETHER,
) -> Discrepancy:
    """Compare two networks.

    Args:
        one: is asked about all images at once.
        other: is asked in several batches.
        planes: (5, C, H, W), of `images_like`.
        kind: what the outputs mean.
        parts: the batches.
    """
    expected = one(planes).astype(np.float64)
    allowed, largest, agrees = tolerated(expected, kind), 0.0, True
    for part in parts:
        answers = other(planes[part]).astype(np.float64)
        if answers.shape != expected[part].shape:
            return Discrepancy(np.inf, False)
        apart = np.abs(answers - expected[part])
        # Not a number is not smaller than anything.
        agrees = agrees and bool((apart <= allowed[part]).all())
        largest = max(largest, float(np.nan_to_num(apart, nan=np.inf).max()))
    return Discrepancy(largest, agrees)


def tolerated(expected: npt.NDArray[np.float64], kind: OutputKind) -> npt.NDArray[np.float64]:
    """By how much an output may differ.

    Where the outputs of all images lie near each other, a hundredth of how far they lie apart is
    the limit: a network with tiny outputs would agree with any other.

    Args:
        expected: (N, K), of several images.
        kind: what the outputs mean.
    """
    spread = np.ptp(expected, axis=0, keepdims=True)
    rounding = _ROUNDING * float(np.abs(expected).max())
    if kind in PROBABILITIES:
        rounding = max(rounding, _LAST_DIGITS)
    told = np.maximum(_OF_SPREAD * spread, rounding)
    return np.asarray(np.minimum(tolerated_alone(expected, kind), told))


def tolerated_alone(expected: npt.NDArray[np.float64], kind: OutputKind) -> npt.NDArray[np.float64]:
    """By how much an output may differ, whatever those of other images are; see `tolerated`."""
    if kind in PROBABILITIES:
        nearer = np.minimum(np.abs(expected), np.abs(1 - expected))
        return np.asarray(TOLERANCE * nearer + _LAST_DIGITS)
    return np.asarray(TOLERANCE * (1 + np.abs(expected)))
