"""The cases that the card shows: the worst misses, false alarms and maps, and two good ones."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from xaudit.audit.agreement import CONSENSUS, mean_by_case
from xaudit.audit.files import write_bytes
from xaudit.audit.gallery_groups import Served, worst_served
from xaudit.audit.results import Results
from xaudit.audit.store import CaseRow
from xaudit.core.case import Case, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.finding import GalleryCase, GalleryMap
from xaudit.core.metric import Undefined
from xaudit.data.masks import outlines_on_grid
from xaudit.data.prepare import prepare
from xaudit.metrics.agreement import consensus
from xaudit.metrics.localization import LOCALIZATION
from xaudit.report import numbers
from xaudit.report.overlays import for_card, overlay_png, picture_png

LIMITS = {"miss": 4, "false_alarm": 3, "group": 4, "worst_map": 3, "disagreement": 2, "good": 2}
_PICTURE_SCALE = 2
_PICTURE_SIDE = 640
"""Of the longer side in pixels, where twice the input is more."""
_MIDDLE_RANK = 0.5
_NOT_DRAWN = " (not in the drawn sample: its maps enter no statistics)"

Kind = Literal["miss", "false_alarm", "group", "worst_map", "disagreement", "good"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A case, why it is shown, and how it ranks: the smallest rank comes first."""

    kind: Kind
    row: CaseRow
    reason: str
    rank: float


@dataclass(frozen=True, slots=True)
class Gallery:
    """Chooses cases and draws them.

    A miss is a fracture that the detector calls normal at the first operating point; the worst
    has the lowest logit. Of the groups that fare worst, what went most wrong is shown, if it is not
    shown already. The worst maps are those of the fractures at which no method looked:
    the mass in the lesions of the best method counts. The good ones are the other end of it.
    Methods disagree most where their maps rank the places of the image least alike.

    Attributes:
        results: of the run.
        cases: id → case.
        input: what the detector expects to see.
        points: operating points; the first decides what is a miss.
        methods: attribution methods of the plan.
        extra: maps of cases that are shown and were not drawn; None before they are made.
    """

    results: Results
    cases: Mapping[str, Case]
    input: InputSpec
    points: Sequence[OperatingPoint]
    methods: Sequence[str]
    extra: Results | None = None

    def write(self, folder: Path) -> tuple[GalleryCase, ...]:
        """Draw the chosen cases into ``evidence/``, worst first.

        Raises:
            AuditError: the disk is full or cannot be written.
        """
        sides = (self.input.height, self.input.width)
        scale = min(_PICTURE_SCALE, _PICTURE_SIDE / max(sides))
        height, width = (max(1, round(side * scale)) for side in sides)
        fine = replace(self.input, height=height, width=width)
        shown = []
        for choice in self.choose():
            prepared = prepare(self.cases[choice.row.case_id], fine)
            case = self.case(choice, prepared)
            write_bytes(folder / "evidence" / case.picture, picture_png(prepared.image))
            for one in case.maps:
                values = self.values(choice.row, one.method)
                write_bytes(folder / "evidence" / one.picture, overlay_png(for_card(values)))
            shown.append(case)
        return tuple(shown)

    def choose(self) -> list[Choice]:
        """The cases to show; none is shown twice."""
        taken: set[str] = set()
        chosen: list[Choice] = []
        maps = list(self._maps())
        disputed = self._disagreements()
        good = map(_as_good, maps)
        groups = self._of_groups(taken)
        for choices in (self._misses(), self._false_alarms(), groups, maps, disputed, good):
            ranked = sorted(choices, key=lambda one: (one.rank, one.row.case_id))
            fresh = [one for one in ranked if one.row.case_id not in taken]
            fresh = fresh[: LIMITS[fresh[0].kind]] if fresh else []
            taken |= {one.row.case_id for one in fresh}
            chosen += fresh
        return chosen

    def _misses(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if row.label and logit <= self.points[0].logit:
                reason = f"Fracture missed: probability {probability(logit):.2g}"
                yield Choice("miss", row, reason, logit)

    def _false_alarms(self) -> Iterator[Choice]:
        for row, logit in self._scored():
            if not row.label and logit > self.points[0].logit:
                reason = f"No fracture, called one: probability {probability(logit):.2g}"
                yield Choice("false_alarm", row, reason, -logit)

    def _of_groups(self, taken: Set[str]) -> Iterator[Choice]:
        """What went most wrong, and is not shown yet, where the detector serves worst."""
        scored, threshold, own = list(self._scored()), self.points[0].logit, set[str]()
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
        for row, _ in self._scored():
            masses = {name: self._score(row, name, "mass") for name in self.methods}
            known = {name: mass for name, mass in masses.items() if isinstance(mass, float)}
            if known:
                best = max(known, key=lambda name: known[name])
                share = numbers.percent(known[best])
                reason = f"{share} of the positive attribution lies in the fracture"
                yield Choice("worst_map", row, f"{reason} at best ({best})", known[best])

    def _disagreements(self) -> Iterator[Choice]:
        agreements = mean_by_case(self.results)
        for row, _ in self._scored():
            if row.case_id in agreements:
                value = agreements[row.case_id]
                reason = f"Methods disagree: mean rank correlation of their maps {value:.2f}"
                yield Choice("disagreement", row, reason, value)

    def _source(self, row: CaseRow) -> Results:
        return self.results if row.sampled or self.extra is None else self.extra

    def _scored(self) -> Iterator[tuple[CaseRow, float]]:
        return ((row, row.logit) for row in self.results.cases if row.logit is not None)

    def _score(self, row: CaseRow, method: str, metric: str) -> float | str | None:
        score = self._source(row).by_score.get((method, metric), {}).get(row.case_id)
        if score is None:
            return None
        return score.undefined if score.value is None else score.value

    def case(self, choice: Choice, prepared: PreparedCase) -> GalleryCase:
        """What the card says of a chosen case; its pictures are named, not drawn."""
        row = choice.row
        logit = row.logit if row.logit is not None else math.nan
        name = hashlib.sha256(row.case_id.encode()).hexdigest()[:12]
        return GalleryCase(
            case_id=row.case_id,
            kind=choice.kind,
            reason=choice.reason + ("" if row.sampled else _NOT_DRAWN),
            label=row.label,
            logit=logit,
            probability=probability(logit),
            called_positive={point.name: logit > point.logit for point in self.points},
            groups=row.groups,
            picture=f"{name}.png",
            outlines=tuple(outlines_on_grid(lesion) for lesion in prepared.lesions),
            maps=tuple(self._gallery_maps(choice, name)),
        )

    def _gallery_maps(self, choice: Choice, name: str) -> Iterator[GalleryMap]:
        """Every map that was made; where the methods disagree, also what they agree on."""
        row, together = choice.row, choice.kind == "disagreement"
        for method in (*self._made(row), *((CONSENSUS,) if together else ())):
            scores = {metric: self._score(row, method, metric) for metric in LOCALIZATION}
            known = {metric: score for metric, score in scores.items() if score is not None}
            yield GalleryMap(method, f"{name}-{method}.png", known)

    def _made(self, row: CaseRow, *, readable: bool = False) -> list[str]:
        tried = {
            one.method
            for one in self._source(row).maps
            if one.case_id == row.case_id and one.error is None
            if not readable or one.degenerate is None
        }
        return [method for method in self.methods if method in tried]

    def values(self, row: CaseRow, method: str) -> FloatArray:
        """The map to draw; of the consensus, what lies above the middle rank."""
        source = self._source(row)
        if method != CONSENSUS:
            return source.array(row.case_id, method)
        maps = [source.array(row.case_id, name) for name in self._made(row, readable=True)]
        together = consensus(maps, source.array(row.case_id, "inside"))
        # A case has an agreement only where two maps can be read.
        assert not isinstance(together, Undefined)
        return np.asarray(np.maximum(together - _MIDDLE_RANK, 0), dtype=np.float32)


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
