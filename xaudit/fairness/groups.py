"""Cutting a study by its columns, and what may be said of small groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from xaudit.core.case import NOT_RECORDED
from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message

SizeRule = Literal["counts", "interval", "verdict"]


def levels(columns: Sequence[Mapping[str, str]]) -> dict[str, Cut]:
    """Which cases are in which level of which column?

    A case without a value is in the level "not recorded", so that the levels of a column always
    add up to the study. Columns and levels are sorted.

    Args:
        columns: for each of N cases, column → level.

    Returns:
        Column → level → (N,) bool.
    """
    names = sorted({name for row in columns for name in row})
    return {name: Cut.of([row.get(name) or NOT_RECORDED for row in columns]) for name in names}


def size_rule(positives: int, minimum: tuple[int, int] = (10, 30)) -> SizeRule:
    """What may be said with so many positives: counts, an interval, or a verdict?

    Args:
        positives: cases of the class that the metric rests on (negatives for specificity).
        minimum: below the first only counts are given, below the second no verdict is read.

    Raises:
        ValueError: the two are not in order.
    """
    if not 0 <= minimum[0] <= minimum[1]:
        raise ValueError(f"minimum is (counts only below, no verdict below), got {minimum}")
    if positives < minimum[0]:
        return "counts"
    return "interval" if positives < minimum[1] else "verdict"


POSITIVES, NEGATIVES = Message("positives"), Message("negatives")
_SINGLE = {
    "positives": Message("positive"),
    "negatives": Message("negative"),
    "cases": Message("case"),
    "patients": Message("patient"),
    "lesions": Message("lesion"),
    "images": Message("image"),
}


def rarest(positives: int, negatives: int, metric: str = "") -> tuple[int, Message]:
    """How many cases of the rarest kind a metric stands on, and how they are called.

    Args:
        positives: cases with a fracture.
        negatives: cases without.
        metric: "sensitivity" stands on the first alone, "specificity" on the others.
    """
    both = (negatives, NEGATIVES), (positives, POSITIVES)
    if metric in {"sensitivity", "specificity"}:
        return both[metric == "sensitivity"]
    return min(both)


def apply_size_rule(
    estimate: Estimate,
    positives: int,
    minimum: tuple[int, int] = (10, 30),
    counted: str = POSITIVES,
) -> Estimate:
    """The estimate as far as the size of its group allows.

    Fewer than the first minimum: missing, with k and n kept. Fewer than the second: a caution.

    Args:
        estimate: of the group.
        positives: cases of the class that the metric rests on.
        minimum: see `size_rule`.
        counted: how the reason calls those cases ("negatives" for specificity).

    Raises:
        ValueError: the two minima are not in order.
    """
    rule = size_rule(positives, minimum)
    if rule == "verdict" or estimate.value is None:
        return estimate
    if rule == "interval":
        return estimate.with_caution(
            Message(
                "{n} {what}, {least} needed for a verdict",
                n=positives,
                what=counted,
                least=minimum[1],
            )
        )
    return Estimate.missing(
        Message(
            "{n} {what}, {least} needed for an estimate",
            n=positives,
            what=_SINGLE.get(counted, counted) if positives == 1 else counted,
            least=minimum[0],
        ),
        k=estimate.k,
        n=estimate.n,
        clusters=estimate.clusters,
        unit=estimate.unit,
    )
