"""Fisher's exact test of two proportions."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

_TIE = 1e-7
"""Tables whose probabilities differ by less than this share are equally likely."""


def fisher_p_value(positives: int, size: int, all_positives: int, total: int) -> float:
    """How often would chance make the share of positives in a part as unusual as it is?

    Two-sided: the probabilities, with both margins fixed, of all tables that are no likelier than
    the one that is there (Fisher 1935), as R's ``fisher.test`` adds them up.

    Args:
        positives: in the part.
        size: of the part.
        all_positives: in the part and outside.
        total: size of the whole.

    Raises:
        ValueError: the counts do not fit.
    """
    fewest, most = max(0, size + all_positives - total), min(size, all_positives)
    if not fewest <= positives <= most:
        raise ValueError(
            f"{positives} of {size} positive, {all_positives} of {total} in all: not a table"
        )
    possible = np.arange(fewest, most + 1)
    cells = possible, size - possible, all_positives - possible
    rest = total - size - all_positives + possible
    likely = -sum(gammaln(cell + 1.0) for cell in (*cells, rest))
    chances = np.exp(likely - likely.max())
    unusual = chances <= chances[positives - fewest] * (1 + _TIE)
    return min(1.0, float(chances[unusual].sum() / chances.sum()))
