"""Readability: can anything be read from a map, and is it what its method promises?"""

from __future__ import annotations

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.metric import metric
from xaudit.metrics.maps.similarity import Values


@metric("readability")
def readable_map(values: Values | None, inside: BoolArray) -> float:
    """Was a map made from which something can be read?

    1 for a finite map that varies and has something positive inside the image, else 0: a case
    without such a map is counted here, as the other checks leave it out with a reason.

    Args:
        values: (H, W), raw and signed; None where no map was made.
        inside: (H, W) bool, False on padding.
    """
    if values is None or not np.isfinite(values[inside]).all():
        return 0.0
    seen = values[inside]
    return float(len(seen) > 0 and seen.max() > max(seen.min(), 0))


@metric("readability")
def complete_map(gap: float, tolerance: float) -> float:
    """Does the map add up to the change of the logit, as its method promises?

    1 where it does, else 0: attributions that do not add up are not those of the method.

    Args:
        gap: between the sum of the map and the change, relative to the change.
        tolerance: of the gap.
    """
    return float(gap <= tolerance)
