"""Features of every scored case besides its logit: image and detector in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow

IMAGE, DETECTOR = "image_statistics", "detector_features"
"""Names of the arrays of a shard, a row for each of its cases."""

Array = npt.NDArray[np.float64]


def case_features(results: Results, rows: Sequence[CaseRow], name: str) -> Array | None:
    """The numbers of these cases; None where any of them has none.

    Args:
        results: of the run.
        rows: cases of it.
        name: `IMAGE` or `DETECTOR`.

    Returns:
        (N, D) finite, or None.
    """
    whole = {number: results.numbers(number, name) for number in _shards(results, rows)}
    found = []
    for row in rows:
        number, position = results.places[row.case_id]
        kept = whole[number]
        if kept is None or not kept.shape[1] or not np.isfinite(kept[position]).all():
            return None
        found.append(kept[position])
    if len({len(one) for one in found}) != 1:
        return None
    return np.stack(found).astype(np.float64)


def _shards(results: Results, rows: Sequence[CaseRow]) -> set[int]:
    return {results.places[row.case_id][0] for row in rows}
