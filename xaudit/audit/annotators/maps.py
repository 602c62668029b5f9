"""Maps beside the outlines of each annotator, and beside what annotators reach there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.annotators.agreement import FAMILY, readings_of
from xaudit.audit.annotators.ceiling import with_ties
from xaudit.audit.scores.annotator_maps import MAP_METRICS
from xaudit.audit.scores.probe_tables import READINGS
from xaudit.audit.scores.readings import ANNOTATOR
from xaudit.audit.scores.score import AREA_CHANCE
from xaudit.audit.store.store import ProbeRow
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding

_Values = Mapping[str, float | None]
"""Case → score; None of a map that nothing can be read from."""
_NONE = Message("no explained case that this annotator outlined")
_NONE_SHARED = Message("no explained case that this annotator and another one outlined")


def _facts() -> Iterator[MetricFacts]:
    for name, question in (
        ("mass_by_annotator", "What share of the positive evidence lies on what one annotator "
         "outlines?"),
        ("hit_by_annotator", "Does the strongest pixel lie on what one annotator outlines?"),
        ("mass_beside_annotator", "What share of the positive evidence lies on what the others "
         "outline, where an annotator outlines too?"),
        ("hit_beside_annotator", "Does the strongest pixel lie on what the others outline, where "
         "an annotator outlines too?"),
        ("annotator_mass", "What share of what an annotator outlines do the others outline too?"),
    ):  # fmt: skip
        yield beside(name, Message(question), "higher", "proportion", FAMILY)


@as_analysis("maps and annotators", 122, [READINGS, "maps"], facts=_facts)
def _maps(material: Material) -> Iterator[Finding]:
    of = _Outlined(material)
    methods = (*material.methods, AREA_CHANCE)
    for name in of.annotators:
        yield from of.outlines(name)
        for method in methods:
            for metric in MAP_METRICS:
                yield from of.own(name, method, metric)
                yield from of.beside(name, method, metric)


@dataclass(frozen=True, slots=True)
class _Table:
    """Scores of an audit, by who outlined what they are scored on.

    Attributes:
        maps: (metric, method, annotator) → scores of maps.
        outlines: (annotator, another one) → share of the outline of the first within the second's.
    """

    maps: Mapping[tuple[str, str, str], _Values]
    outlines: Mapping[tuple[str, str], _Values]

    @classmethod
    def of(cls, rows: Sequence[ProbeRow]) -> _Table:
        maps: dict[tuple[str, str, str], dict[str, float | None]] = defaultdict(dict)
        outlines: dict[tuple[str, str], dict[str, float | None]] = defaultdict(dict)
        for row in rows:
            if row.metric in MAP_METRICS and row.method and row.facet == ANNOTATOR:
                maps[row.metric, row.method, row.level][row.case_id] = row.value
            elif row.metric in MAP_METRICS and not row.method:
                outlines[row.facet, row.level][row.case_id] = row.value
        return cls(maps, outlines)

    def on_image(self, annotator: str) -> set[str]:
        """Cases in which what an annotator outlined lies where the detector sees it."""
        chance = self.maps.get(("mass", AREA_CHANCE, annotator), {})
        return {case for case, value in chance.items() if value is not None}


class _Outlined:
    """Means over the explained cases that an annotator outlined."""

    def __init__(self, material: Material) -> None:
        self._material, self._table = material, _Table.of(material.rows_of(READINGS))
        self._readings = material.shared(readings_of)
        seen = {name: self._table.on_image(name) for name in self._readings.annotators}
        self._cases = {name: cases for name, cases in seen.items() if cases}

    @property
    def annotators(self) -> Sequence[str]:
        """Those who outlined anything that has maps, where several read the study."""
        return tuple(self._cases) if len(self._readings.annotators) > 1 else ()

    def outlines(self, name: str) -> Iterator[Finding]:
        """What of an annotator's outlines lies within those of each other one, on average."""
        shares = [
            self._within(self._table.outlines.get((name, other), {}), name, other)
            for other in self._others(name)
        ]
        yield self._finding("annotator_mass", {"annotator": name}, _mean_of(shares), _NONE_SHARED)

    def own(self, name: str, method: str, metric: str) -> Iterator[Finding]:
        """A method on what one annotator outlined."""
        scores = self._table.maps.get((metric, method, name), {})
        known = {case: value for case, value in scores.items() if case in self._cases[name]}
        scope = {"annotator": name, "method": method}
        yield from self._both(f"{metric}_by_annotator", scope, known, _NONE)

    def beside(self, name: str, method: str, metric: str) -> Iterator[Finding]:
        """A method on what the others outlined, on the cases of this annotator's outlines."""
        shares = [
            self._within(self._table.maps.get((metric, method, other), {}), name, other)
            for other in self._others(name)
        ]
        scope = {"annotator": name, "method": method}
        yield from self._both(f"{metric}_beside_annotator", scope, _mean_of(shares), _NONE_SHARED)

    def _others(self, name: str) -> list[str]:
        return [other for other in self._cases if other != name]

    def _within(self, scores: _Values, name: str, other: str) -> _Values:
        both = self._cases[name] & self._cases[other]
        return {case: value for case, value in scores.items() if case in both}

    def _both(
        self, metric: str, scope: dict[str, str], scores: _Values, none: Message
    ) -> Iterator[Finding]:
        """Over the maps that can be read, and with 0 for those that cannot."""
        known = {case: value for case, value in scores.items() if value is not None}
        yield self._finding(metric, {**scope, "analysis": "scored"}, known, none)
        if scope["method"] != AREA_CHANCE:
            worst = {case: value or 0.0 for case, value in scores.items()}
            yield self._finding(metric, {**scope, "analysis": "worst_case"}, worst, none)

    def _finding(
        self, metric: str, scope: dict[str, str], scores: _Values, none: Message
    ) -> Finding:
        known = {case: value for case, value in scores.items() if value is not None}
        patients = [self._material.patients[case] for case in known]
        values = np.array(list(known.values()), dtype=np.float64)
        found = self._material.means.finding(metric, scope, values, patients, share=True, none=none)
        return replace(found, estimate=with_ties(found.estimate, self._readings.ties))


def _mean_of(scores: Sequence[_Values]) -> _Values:
    """Case → mean over the annotators who outlined it."""
    gathered: dict[str, list[float | None]] = defaultdict(list)
    for one in scores:
        for case, value in one.items():
            gathered[case].append(value)
    return {case: _mean(values) for case, values in gathered.items()}


def _mean(values: Sequence[float | None]) -> float | None:
    # A map can be read on all of the outlines of a case, or on none.
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
