"""Groups where several columns meet: girls under 5, boys in a cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np

from xaudit.core.case import NOT_RECORDED
from xaudit.core.cut import Cut
from xaudit.core.record.finding import CROSS


def with_intersections(
    groups: Mapping[str, str], columns: Sequence[str], depth: int
) -> dict[str, str]:
    """The groups of a case, and those of every combination of 2 to ``depth`` of these columns.

    A combination is a column like any other: "sex × age" has the level "F × under 5". What is not
    recorded is a level of its own here too.

    Args:
        groups: column → level of one case.
        columns: which columns are combined, in the order of their names in the combination.
        depth: how many columns meet at most; 1 combines none.
    """
    full = {name: level or NOT_RECORDED for name, level in groups.items()}
    met = {
        CROSS.join(names): CROSS.join(full[name] for name in names)
        for size in range(2, depth + 1)
        for names in combinations(columns, size)
    }
    return full | met


def cut_intersections(
    groups: Mapping[str, Cut], columns: Sequence[str], depth: int
) -> dict[str, Cut]:
    """As `with_intersections`, of all cases at once.

    Args:
        groups: column → levels of the cases.
        columns: which columns are combined, in the order of their names in the combination.
        depth: how many columns meet at most; 1 combines none.
    """
    met = {
        CROSS.join(names): crossed([groups[name] for name in names])
        for size in range(2, depth + 1)
        for names in combinations(columns, size)
    }
    return dict(groups) | met


def crossed(cuts: Sequence[Cut]) -> Cut:
    """The cut whose levels are those of several cuts, joined."""
    first, *others = cuts
    texts, codes = first.names, first.codes
    for cut in others:
        texts = tuple(CROSS.join(pair) for pair in product(texts, cut.names))
        codes = codes * np.int32(len(cut)) + cut.codes
    return Cut.coded(texts, codes)
