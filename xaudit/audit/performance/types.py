"""What fractures alone have, types and subtlety: each level against all normal cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import SUBTLETY, TYPES, Material, as_analysis
from xaudit.audit.config.data_config import SubtletyConfig
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.core.case import NOT_RECORDED, BoolArray, CaseIssue
from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.data.tables.levels import UNKNOWN
from xaudit.errors import ConfigError
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, with_misses
from xaudit.stats.weights import IntArray

_MOST = 0.2
"""Share of the normal cases that may have a type, by mistake or because a majority missed it."""


def check_types(
    types: Sequence[str],
    labels: BoolArray,
    columns: Mapping[str, Cut],
    subtlety: SubtletyConfig | None = None,
) -> None:
    """Refuse columns that the study does not have, or whose levels normal cases have too.

    Args:
        types: of the audit file.
        labels: (N,) of every case.
        columns: groups of these cases.
        subtlety: of the audit file.

    Raises:
        ConfigError: one line for each such column.
    """
    problems = []
    declared = dict.fromkeys(types, "types")
    if subtlety is not None:
        declared[subtlety.column] = "subtlety"
        problems += _unknown_levels(subtlety, columns)
    for column, key in declared.items():
        if column not in columns:
            listed = ", ".join(columns) or "none"
            problems.append(f"data.{key}: no group {column!r}; there is: {listed}")
            continue
        strange = int(typed_normals(labels, columns[column]).sum())
        normal = int((~labels).sum())
        if strange > _MOST * normal:
            problems.append(
                f"data.{key}: {column!r} is nothing that fractures alone have: {strange} of "
                f"{normal} normal cases have a level of it that is not the one of most of them"
            )
    if problems:
        raise ConfigError(problems)


def _unknown_levels(subtlety: SubtletyConfig, columns: Mapping[str, Cut]) -> list[str]:
    there = columns[subtlety.column].there if subtlety.column in columns else subtlety.levels
    unknown = [level for level in subtlety.levels if level not in there]
    if not unknown:
        return []
    return [
        f"data.subtlety.levels: no case has {', '.join(map(repr, unknown))}; "
        f"{subtlety.column!r} has {', '.join(map(repr, there))}"
    ]


def typed_normals(labels: BoolArray, cut: Cut) -> BoolArray:
    """(N,), normal cases with a type: a level other than that of most normal cases ("none").

    Args:
        labels: (N,) of every case.
        cut: their levels.
    """
    counts = np.bincount(cut.codes[~labels], minlength=len(cut.names))
    usual = {NOT_RECORDED, UNKNOWN, cut.names[int(counts.argmax())]}
    strange = np.array([name not in usual for name in cut.names], dtype=bool)
    return np.asarray(~labels & strange[cut.codes])


def type_issues(
    types: Iterable[str], labels: BoolArray, columns: Mapping[str, Cut], ids: Sequence[str]
) -> Iterator[CaseIssue]:
    """Normal cases with a type of fracture: the label may be wrong, or a majority missed it.

    Args:
        types: columns.
        labels: (N,) of every case.
        columns: groups of these cases.
        ids: of these cases.
    """
    for column in types:
        cut = columns[column]
        for row in np.flatnonzero(typed_normals(labels, cut)).tolist():
            detail = Message(
                "the label says no fracture, {column} says {level}",
                column=column,
                level=cut.names[cut.codes[row]],
            )
            yield CaseIssue(ids[row], "type_without_fracture", detail, "noted")


def _facts() -> Iterator[MetricFacts]:
    question = Message("How often does a fracture of this type score above a normal case?")
    area = beside("auc_of_type", question, "higher", "proportion")
    yield replace(area, unit="number")
    question = Message("What share of the fractures of this type is called fractured?")
    yield beside("sensitivity_of_type", question, "higher", "proportion")


def _facts_of_subtlety() -> Iterator[MetricFacts]:
    question = Message("How often does a fracture of this subtlety score above a normal case?")
    area = beside("auc_of_subtlety", question, "higher", "proportion")
    yield replace(area, unit="number")
    question = Message("What share of the fractures of this subtlety is called fractured?")
    yield beside("sensitivity_of_subtlety", question, "higher", "proportion")


@as_analysis("types of fracture", 15, ["cases", TYPES], facts=_facts)
def _types(material: Material) -> Iterator[Finding]:
    of = _Types(CaseColumns.of(material.results.cases), material, "type")
    for column in material.types:
        yield from of.column(column, list)


@as_analysis("subtlety", 17, ["cases", SUBTLETY], facts=_facts_of_subtlety)
def _subtlety(material: Material) -> Iterator[Finding]:
    declared = material.subtlety
    if declared is not None:
        of = _Types(CaseColumns.of(material.results.cases), material, "subtlety")
        yield from of.column(declared.column, declared.ordered)


@dataclass(frozen=True, slots=True)
class _Types:
    cases: CaseColumns
    material: Material
    kind: str

    def column(
        self, column: str, ordered: Callable[[Sequence[str]], list[str]]
    ) -> Iterator[Finding]:
        """Figures of every level that a fracture has, in an order."""
        if column not in self.cases.groups:
            return
        cut = self.cases.groups[column]
        for level in ordered(cut.there):
            rows = cut.rows(level)[self.cases.labels[cut.rows(level)]]
            if len(rows):
                yield from self.level(rows, {"group": column, "level": level})

    def level(self, rows: IntArray, scope: dict[str, str]) -> Iterator[Finding]:
        """Figures of the fractures of one type and all normal cases."""
        cases = self.cases
        chosen = np.sort(np.concatenate([rows, np.flatnonzero(~cases.labels)]))
        scored = chosen[cases.scored[chosen]]
        lost = rows[~cases.scored[rows]]
        p = self._predictions(scored)
        yield self._sized(f"auc_of_{self.kind}", auc(p), p, {**scope, "analysis": "scored"})
        for point in self.material.points:
            at = {**scope, "operating_point": point.name}
            own = replace(p, threshold=point.edge)
            worst = own
            if len(lost):
                worst = with_misses(own, cases.labels[lost], self._patients(lost))
            for analysis, read in (("scored", own), ("worst_case", worst)):
                full = {**at, "analysis": analysis}
                yield self._sized(f"sensitivity_of_{self.kind}", sensitivity(read), read, full)

    def _predictions(self, rows: IntArray) -> Predictions:
        cases, unit = self.cases, self.material.unit
        return Predictions(cases.logits[rows], cases.labels[rows], self._patients(rows), unit=unit)

    def _patients(self, rows: IntArray) -> IntArray:
        return self.cases.patients.codes[rows].astype(np.intp)

    def _sized(
        self, metric: str, estimate: Estimate, p: Predictions, scope: dict[str, str]
    ) -> Finding:
        positives = int(p.labels.sum())
        rate = metric.removesuffix(f"_of_{self.kind}")
        count, what = rarest(positives, len(p) - positives, rate)
        sized = apply_size_rule(estimate, count, self.material.statistics.minimum, what)
        return Finding(metric, scope, sized, positives=positives)
