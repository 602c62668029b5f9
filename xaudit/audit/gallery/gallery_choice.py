"""Choice of the cases on the card: the worst misses, false alarms and maps, and two good ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from xaudit.audit.gallery.gallery_groups import WorstServed, least_seen, worst_served
from xaudit.audit.scores.agreement import mean_by_case
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.core.message import Message, percent

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
            ranked = sorted(choices, key=lambda choice: (choice.rank, choice.row.case_id))
            fresh = [one for one in ranked if one.row.case_id not in taken]
            fresh = fresh[: LIMITS[fresh[0].kind]] if fresh else []
            taken |= {one.row.case_id for one in fresh}
            chosen += fresh
        return chosen

    def _misses(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if row.label and logit <= self.threshold:
                reason = Message("Fracture missed: probability {p:.2g}", p=probability(logit))
                yield Choice("miss", row, reason, logit)

    def _false_alarms(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if not row.label and logit > self.threshold:
                reason = Message(
                    "No fracture, called one: probability {p:.2g}", p=probability(logit)
                )
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
                reason = _of_group(group, probability(logit))
                yield Choice("group", row, reason, group.share)

    def _maps(self) -> Iterator[Choice]:
        """Fractures of the sample; others are explained only after they were chosen."""
        for row, _ in self._scored():
            known = self._masses(row) if row.sampled else {}
            if known:
                best = max(known, key=lambda name: known[name])
                reason = Message(
                    "{share} of the positive attribution lies in the fracture at best ({method})",
                    share=percent(known[best]),
                    method=best,
                )
                yield Choice("worst_map", row, reason, known[best])

    def _masses(self, row: CaseRow) -> dict[str, float]:
        by_score = self.results.by_score
        scores = {name: by_score.get((name, "mass"), {}).get(row.case_id) for name in self.methods}
        return {name: one.value for name, one in scores.items() if one and one.value is not None}

    def _maps_of_groups(self, maps: Sequence[Choice], taken: Set[str]) -> Iterator[Choice]:
        """The worst map that is not shown yet, where the maps rest least on the fractures."""
        own = set[str]()
        for group in least_seen((map_.row, map_.rank) for map_ in maps):
            left = [
                map_
                for map_ in maps
                if map_.row.groups.get(group.column) == group.level
                and map_.row.case_id not in taken | own
            ]
            if left:
                worst = min(left, key=lambda one: (one.rank, one.row.case_id))
                own.add(worst.row.case_id)
                reason = Message(
                    "{reason}; {group}, where maps rest least on fractures, mean {mean} in {cases} "
                    "cases",
                    reason=worst.reason,
                    group=f"{group.column} {group.level}",
                    mean=percent(group.mass),
                    cases=group.cases,
                )
                yield Choice("group_map", worst.row, reason, group.mass)

    def _disagreements(self) -> Iterator[Choice]:
        agreements = mean_by_case(self.results)
        for row, _ in self._scored():
            if row.case_id in agreements:
                value = agreements[row.case_id]
                reason = Message(
                    "Methods disagree: mean rank correlation of their maps {value:.2f}", value=value
                )
                yield Choice("disagreement", row, reason, value)

    def _scored(self) -> Iterator[tuple[CaseRow, float]]:
        return ((row, row.logit) for row in self.results.cases if row.logit is not None)


def _of_group(served: WorstServed, p: float) -> Message:
    said = (
        "No fracture, called one, in {group}, where fewest normal cases are left alone, {found} of "
        "{all}: probability {p:.2g}"
    )
    if served.label:
        said = (
            "Fracture missed in {group}, where fewest are found, {found} of {all}: probability "
            "{p:.2g}"
        )
    return Message(
        said, group=f"{served.column} {served.level}", found=served.right, all=served.cases, p=p
    )


def probability(logit: float) -> float:
    """Probability of the positive class; exact at both ends."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def _as_good(choice: Choice) -> Choice:
    return replace(choice, kind="good", rank=-choice.rank)
