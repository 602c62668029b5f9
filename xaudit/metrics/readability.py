"""Can anything be read from a map at all?"""

from __future__ import annotations

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.metric import metric
from xaudit.metrics.similarity import Values


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
