"""Findings about masks: overlap, contours, lesions found and areas amiss; in all, and by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.probe_tables import MASKS
from xaudit.audit.scores.segmented import EMPTY, LESION, OF_MASKS
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import ProbeRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, Sentence
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.masks import components, contours, overlap
from xaudit.metrics.masks.regions import ALARM, SILENT
from xaudit.stats.proportions import clustered_proportion

LESIONS, IMAGES = Message("lesions"), Message("images")
LESIONWISE, MISSED, PAINTED = "lesionwise_sensitivity", "nothing_segmented", "normal_segmented"
_NO_LESION = Message("no scored image with an annotated lesion")
_NO_NORMAL = Message("no scored image without a lesion")
Scope = dict[str, str]


@dataclass(frozen=True)
class _Segmentation:
    material: Material

    def findings(self) -> Iterator[Finding]:
        """At every operating point: of all images first, then column by column."""
        for point in self.material.points:
            scope = {"operating_point": point.name, "analysis": "scored"}
            yield from self._slice(set(self._patients), scope)
            for column, cut in sorted(self._cases.groups.items()):
                for level in cut.there:
                    ids = {self._cases.ids[int(row)] for row in cut.rows(level)}
                    yield from self._slice(ids, {**scope, "group": column, "level": level})

    def _slice(self, ids: set[str], scope: Scope) -> Iterator[Finding]:
        point = scope["operating_point"]
        for metric in OF_MASKS:
            facts = metric.facts
            yield self._mean(facts, self._of(facts.name, point, ids), scope)
        lesions = [(row.case_id, row.value == 1) for row in self._of(LESION, point, ids)]
        yield self._share(LESIONWISE, lesions, scope, LESIONS, _NO_LESION)
        # A fracture without a score has a lesion at least, and nobody painted it.
        lost = [(case, False) for case in self._lost if case in ids]
        worst = {**scope, "analysis": "worst_case"}
        yield self._share(LESIONWISE, [*lesions, *lost], worst, LESIONS, _NO_LESION)
        empty = {
            kind: [(row.case_id, kind) for row in self._of(EMPTY, f"{point} {kind}", ids)]
            for kind in ("neither", "reference", "prediction", "both")
        }
        fractured = [(case, kind == "prediction") for name in ("neither", "prediction")
                     for case, kind in empty[name]]  # fmt: skip
        yield self._share(MISSED, fractured, scope, IMAGES, _NO_LESION)
        normal = [(case, kind == "reference") for name in ("reference", "both")
                  for case, kind in empty[name]]  # fmt: skip
        yield self._share(PAINTED, normal, scope, IMAGES, _NO_NORMAL)

    def _mean(self, facts: MetricFacts, rows: Sequence[ProbeRow], scope: Scope) -> Finding:
        told = [row for row in rows if row.value is not None]
        share = facts.low == 0.0 and facts.high == 1.0
        return self.material.means.finding(
            facts.name,
            scope,
            np.array([row.value for row in told], dtype=np.float64),
            [self._patients[row.case_id] for row in told],
            share=share,
            none=_reason(rows),
        )

    def _share(
        self,
        name: str,
        told: Sequence[tuple[str, bool]],
        scope: Scope,
        what: Message,
        none: Message,
    ) -> Finding:
        unit = self.material.unit
        if not told:
            return Finding(name, scope, Estimate.missing(none, unit=unit), positives=0)
        hits = np.array([hit for _, hit in told], dtype=bool)
        names = [self._patients[case] for case, _ in told]
        share = clustered_proportion(hits, names, unit=unit)
        sized = apply_size_rule(share, len(told), self.material.statistics.minimum, what)
        return Finding(name, scope, replace(sized, unit=unit), positives=len(told))

    def _of(self, metric: str, level: str, ids: set[str]) -> list[ProbeRow]:
        return [row for row in self._rows[metric, level] if row.case_id in ids]

    @cached_property
    def _rows(self) -> Mapping[tuple[str, str], list[ProbeRow]]:
        found: dict[tuple[str, str], list[ProbeRow]] = defaultdict(list)
        for row in self.material.rows_of(MASKS):
            found[row.metric, row.level].append(row)
        return found

    @cached_property
    def _cases(self) -> CaseColumns:
        return CaseColumns.of(self.material.results.cases)

    @cached_property
    def _lost(self) -> tuple[str, ...]:
        """Cases with a fracture and without a score."""
        cases = self._cases
        return tuple(cases.ids[int(row)] for row in np.flatnonzero(cases.labels & ~cases.scored))

    @cached_property
    def _patients(self) -> Mapping[str, str]:
        return self.material.patients


def _reason(rows: Sequence[ProbeRow]) -> Sentence:
    """Why no image has a value: what is said of those with a lesion."""
    said = (row.undefined for row in rows if row.undefined is not None)
    return next((one for one in said if one not in {SILENT.reason, ALARM.reason}), _NO_LESION)


def _facts() -> Iterator[MetricFacts]:
    family = "segmentation"
    question = Message("What share of the lesions is found, one by one, at the operating point?")
    yield beside(LESIONWISE, question, "higher", "proportion", family)
    question = Message("On what share of the images with a lesion is nothing segmented?")
    yield beside(MISSED, question, "lower", "proportion", family)
    question = Message("On what share of the images without a lesion is something segmented?")
    yield beside(PAINTED, question, "lower", "proportion", family)


@as_analysis(
    "masks", 19, ["cases", MASKS], facts=_facts, interim=False,
    metrics=(overlap, contours, components),
)  # fmt: skip
def _masks(material: Material) -> Iterator[Finding]:
    yield from _Segmentation(material).findings()
