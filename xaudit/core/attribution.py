"""A map that says where a detector's output came from, raw and signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Sentence

Parameter = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Residual:
    """How far a map is from what its method promises.

    Attributes:
        name: what is measured ("completeness gap", "additivity residual", "1 - R²").
        value: the residual, relative where the name says so, never negative; None if undefined.
        tolerance: declared limit; the map converged where value <= tolerance.
        undefined: why there is no value.
    """

    name: Sentence
    value: float | None
    tolerance: float | None
    undefined: Sentence | None = None

    @property
    def converged(self) -> bool | None:
        """Whether the residual is within its tolerance; None where that cannot be said."""
        if self.value is None or self.tolerance is None:
            return None
        return self.value <= self.tolerance


@dataclass(frozen=True, slots=True, eq=False)
class AttributionMap:
    """Where the evidence for the positive class lies; never normalized before scoring.

    Attributes:
        case_id: the case that is explained.
        method: registry name of the method.
        values: (H, W) float32 on the input grid; positive speaks for "fractured".
        params: every parameter that the method ran with, defaults included.
        forward: images passed forward through the detector for this map.
        backward: images passed backward.
        shared: of the images passed forward, those that another method paid for.
        residual: how far the map is from converged or complete; None where the method has no
            such promise.
    """

    case_id: str
    method: str
    values: FloatArray
    params: Mapping[str, Parameter] = field(default_factory=dict)
    forward: int = 0
    backward: int = 0
    shared: int = 0
    residual: Residual | None = None

    @property
    def degenerate(self) -> str | None:
        """Why nothing can be read from the map, or None if it can be scored."""
        return self.degenerate_on(np.ones(self.values.shape, dtype=bool))

    def degenerate_on(self, inside: BoolArray) -> str | None:
        """Why nothing can be read from the map of an image, or None if it can be scored.

        A value that is not finite condemns the map wherever it is; all else is asked of the image
        alone, as padding differs from it in any map.

        Args:
            inside: (H, W) bool, False on padding.
        """
        if not np.isfinite(self.values).all():
            return "holds NaN or infinite values"
        seen = self.values[inside]
        if not (seen > 0).any():
            return "has no positive attribution"
        if seen.max() == seen.min():
            return "is constant"
        return None
