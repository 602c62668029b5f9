"""Groups where several columns meet: girls under 5, boys in a cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from xaudit.core.case import NOT_RECORDED
from xaudit.core.finding import CROSS


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
