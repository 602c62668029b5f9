"""Which cases the card shows: the worst misses, false alarms and maps, and two good ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from xaudit.audit.gallery.gallery_groups import Served, least_seen, worst_served
from xaudit.audit.scores.agreement import mean_by_case
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.report.view import numbers

Kind = Literal["miss", "false_alarm", "group", "worst_map", "group_map", "disagreement", "good"]

LIMITS: dict[Kind, int] = {
    "miss": 4,
    "false_alarm": 3,
    "group": 4,
    "worst_map": 3,
    "group_map": 3,
    "disagreement": 2,
    "good": 2,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A case, why it is shown, and how it ranks: the smallest rank comes first."""

    kind: Kind
    row: CaseRow
    reason: str
    rank: float


@dataclass(frozen=True, slots=True)
class Chooser:
    """Ranks the cases of a run by what went wrong.

    A miss is a fracture that the detector calls normal at the first operating point; the worst
    has the lowest logit. Of the groups that fare worst, what went most wrong is shown, if it is not
    shown already. The worst maps are those of the fractures at which no method looked:
    the mass in the lesions of the best method counts, in the whole sample and in the level of
    each group where it is smallest. The good ones are the other end of it.
    Methods disagree most where their maps rank the places of the image least alike.

    Attributes:
        results: of the run.
        threshold: logit above which a case is called fractured.
        methods: attribution methods of the plan.
    """

    results: Results
    threshold: float
    methods: Sequence[str]

    def choose(self) -> list[Choice]:
        """The cases to show; none is shown twice."""
        taken: set[str] = set()
        chosen: list[Choice] = []
        maps = list(self._maps())
        groups = self._of_groups(taken), iter(maps), self._maps_of_groups(maps, taken)
        good = map(_as_good, maps)
        kinds = (self._misses(), self._false_alarms(), *groups, self._disagreements(), good)
        for choices in kinds:
            ranked = sorted(choices, key=lambda one: (one.rank, one.row.case_id))
            fresh = [one for one in ranked if one.row.case_id not in taken]
            fresh = fresh[: LIMITS[fresh[0].kind]] if fresh else []
            taken |= {one.row.case_id for one in fresh}
            chosen += fresh
        return chosen

    def _misses(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if row.label and logit <= self.threshold:
                reason = f"Fracture missed: probability {probability(logit):.2g}"
                yield Choice("miss", row, reason, logit)

    def _false_alarms(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if not row.label and logit > self.threshold:
                reason = f"No fracture, called one: probability {probability(logit):.2g}"
                yield Choice("false_alarm", row, reason, -logit)

    def _of_groups(self, taken: Set[str]) -> Iterator[Choice]:
        """What went most wrong, and is not shown yet, where the detector serves worst."""
        scored, threshold, own = list(self._scored()), self.threshold, set[str]()
        for group in worst_served(scored, threshold):
            wrong = [
                (logit if row.label else -logit, row.case_id, row, logit)
                for row, logit in scored
                if row.label == group.label
                and (logit > threshold) != row.label
                and row.groups.get(group.column) == group.level
                and row.case_id not in taken | own
            ]
            if wrong:
                _, case_id, row, logit = min(wrong, key=lambda one: one[:2])
                own.add(case_id)
                reason = f"{_of_group(group)}: probability {probability(logit):.2g}"
                yield Choice("group", row, reason, group.share)

    def _maps(self) -> Iterator[Choice]:
        """Fractures of the drawn sample; others are explained only after they were chosen."""
        for row, _ in self._scored():
            known = self._masses(row) if row.sampled else {}
            if known:
                best = max(known, key=lambda name: known[name])
                share = numbers.percent(known[best])
                reason = f"{share} of the positive attribution lies in the fracture"
                yield Choice("worst_map", row, f"{reason} at best ({best})", known[best])

    def _masses(self, row: CaseRow) -> dict[str, float]:
        by_score = self.results.by_score
        scores = {name: by_score.get((name, "mass"), {}).get(row.case_id) for name in self.methods}
        return {name: one.value for name, one in scores.items() if one and one.value is not None}

    def _maps_of_groups(self, maps: Sequence[Choice], taken: Set[str]) -> Iterator[Choice]:
        """The worst map that is not shown yet, where the maps rest least on the fractures."""
        own = set[str]()
        for group in least_seen((one.row, one.rank) for one in maps):
            left = [
                one
                for one in maps
                if one.row.groups.get(group.column) == group.level
                and one.row.case_id not in taken | own
            ]
            if left:
                worst = min(left, key=lambda one: (one.rank, one.row.case_id))
                own.add(worst.row.case_id)
                where = f"{group.column} {group.level}, where maps rest least on fractures"
                mean = f"mean {numbers.percent(group.mass)} in {group.cases} cases"
                reason = f"{worst.reason}; {where}, {mean}"
                yield Choice("group_map", worst.row, reason, group.mass)

    def _disagreements(self) -> Iterator[Choice]:
        agreements = mean_by_case(self.results)
        for row, _ in self._scored():
            if row.case_id in agreements:
                value = agreements[row.case_id]
                reason = f"Methods disagree: mean rank correlation of their maps {value:.2f}"
                yield Choice("disagreement", row, reason, value)

    def _scored(self) -> Iterator[tuple[CaseRow, float]]:
        return ((row, row.logit) for row in self.results.cases if row.logit is not None)


def _of_group(one: Served) -> str:
    where = f"{one.column} {one.level}"
    if one.label:
        return f"Fracture missed in {where}, where fewest are found, {one.right} of {one.cases}"
    return (
        f"No fracture, called one, in {where}, where fewest normal cases are left alone, "
        f"{one.right} of {one.cases}"
    )


def probability(logit: float) -> float:
    """Probability of the positive class; exact at both ends."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def _as_good(choice: Choice) -> Choice:
    return replace(choice, kind="good", rank=-choice.rank)
