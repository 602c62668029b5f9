"""Sample of the cases to explain: taken from the list of cases, before any pixel is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from xaudit.core.case import Case
from xaudit.core.seeds import generator_for, seed_for


class Listed(Protocol):
    """What a draw may see of a case."""

    @property
    def case_id(self) -> str:
        """Unique in the study."""

    @property
    def label(self) -> bool:
        """What the reference standard says."""

    @property
    def groups(self) -> Mapping[str, str]:
        """Column → level."""


One = TypeVar("One", bound=Listed)


def draw_sample(cases: Sequence[Listed], size: int, positives: float, seed: int) -> tuple[str, ...]:
    """Draw the cases to explain, stratified by label and spread over the groups.

    The draw sees labels and groups but neither pixels nor scores, so no result can steer it.
    Within a label it is a systematic sample of the cases sorted by their groups: groups are
    represented in proportion, and every case has the same chance (Cochran, Sampling Techniques,
    1977, chapter 8).

    Args:
        cases: the study's cases.
        size: how many to draw; all if there are fewer.
        positives: share of the sample with a fracture, as far as the study has them.
        seed: of the plan.

    Returns:
        Ids in the study's order.
    """
    size = min(size, len(cases))
    by_label = {label: [case for case in cases if case.label == label] for label in (True, False)}
    wanted = min(round(size * positives), len(by_label[True]))
    wanted = max(wanted, size - len(by_label[False]))
    chosen = {
        *_systematic(by_label[True], wanted, seed),
        *_systematic(by_label[False], size - wanted, seed),
    }
    return tuple(case.case_id for case in cases if case.case_id in chosen)


def _systematic(cases: Sequence[Listed], size: int, seed: int) -> list[str]:
    """Every k-th case of the list sorted by groups: each has the same chance to be sampled."""
    if size == 0:
        return []
    ordered = sorted(
        cases,
        key=lambda case: (sorted(case.groups.items()), seed_for(seed, "sample", case.case_id)),
    )
    start = generator_for(seed, "sample start").random()
    step = len(ordered) / size
    return [ordered[int((index + start) * step)].case_id for index in range(size)]


def draw_background(
    cases: Sequence[Case], size: int, sample: Sequence[str], seed: int
) -> tuple[str, ...]:
    """Draw cases without a fracture that methods compare with; none of them is explained.

    Args:
        cases: the study's cases.
        size: how many to draw, at most.
        sample: ids of the cases to explain.
        seed: of the plan.

    Returns:
        Ids in the study's order.
    """
    explained = set(sample)
    rest = [case for case in cases if not case.label and case.case_id not in explained]
    rest.sort(key=lambda case: seed_for(seed, "background", case.case_id))
    chosen = {case.case_id for case in rest[:size]}
    return tuple(case.case_id for case in cases if case.case_id in chosen)


def limit_study(cases: Sequence[One], limit: int, seed: int) -> tuple[One, ...]:
    """At most ``limit`` cases, stratified by label in the study's own proportion."""
    if limit >= len(cases):
        return tuple(cases)
    share = sum(case.label for case in cases) / len(cases)
    kept = set(draw_sample(cases, limit, share, seed))
    return tuple(case for case in cases if case.case_id in kept)
