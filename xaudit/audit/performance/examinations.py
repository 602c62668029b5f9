"""Findings about whole examinations, beside those about their images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.probe_tables import EXAMINATIONS
from xaudit.audit.store.case_row import CaseRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.scores.discrimination import (
    Predictions,
    auc,
    sensitivity,
    specificity,
    with_misses,
)
from xaudit.metrics.scores.examinations import Rule, joined_logit

AT_POINT = {"examination_sensitivity": sensitivity, "examination_specificity": specificity}


@dataclass(frozen=True, slots=True)
class Examination:
    """Images that were taken together.

    Attributes:
        patient: whose they are.
        label: True where any of them shows a fracture.
        logit: of those that have a score; None where none has.
        images: how many.
        scored: of these.
    """

    patient: str
    label: bool
    logit: float | None
    images: int
    scored: int


def examinations_of(material: Material) -> list[Examination]:
    """The examinations of an audit, in the order of their first cases."""
    rows = {row.case_id: row for row in material.results.cases}
    members: dict[str, list[CaseRow]] = {}
    rule: Rule = "mean"
    for row in material.rows_of(EXAMINATIONS):
        rule = cast(Rule, row.facet)
        # An audit that was decided early has no row of the others.
        if row.case_id in rows:
            members.setdefault(row.level, []).append(rows[row.case_id])
    return [_joined(members[name], rule) for name in sorted(members)]


def _joined(images: Sequence[CaseRow], rule: Rule) -> Examination:
    logits = np.array([one.logit for one in images if one.logit is not None], dtype=np.float64)
    return Examination(
        images[0].patient,
        any(one.label for one in images),
        joined_logit(logits, rule) if len(logits) else None,
        len(images),
        len(logits),
    )


def _facts() -> Iterator[MetricFacts]:
    question = Message("How often does an examination with a fracture score above one without?")
    yield replace(beside("examination_auc", question, "higher", "proportion"), unit="number")
    question = Message("What share of the examinations with a fracture is called fractured?")
    yield beside("examination_sensitivity", question, "higher", "proportion")
    question = Message("What share of the examinations without a fracture is called normal?")
    yield beside("examination_specificity", question, "higher", "proportion")
    question = Message("How many images does an examination have, on average?")
    mean = beside("images_per_examination", question, "higher", "number")
    yield replace(mean, low=1.0, high=None)


@as_analysis("examinations", 16, ["cases", EXAMINATIONS], facts=_facts, interim=False)
def _examinations(material: Material) -> Iterator[Finding]:
    found = examinations_of(material)
    if not found:
        return
    scored = [one for one in found if one.logit is not None]
    lost = [one for one in found if one.logit is None]
    plain = Predictions(
        np.array([one.logit for one in scored], dtype=np.float64),
        np.array([one.label for one in scored], dtype=bool),
        [one.patient for one in scored],
        unit=material.unit,
    )
    yield _sized("examination_auc", auc(plain), plain, {"analysis": "scored"}, material)
    for point in material.points:
        own = replace(plain, threshold=point.edge)
        worst = with_misses(
            own, np.array([one.label for one in lost], dtype=bool), [one.patient for one in lost]
        )
        for analysis, read in (("scored", own), ("worst_case", worst)):
            scope = {"operating_point": point.name, "analysis": analysis}
            for name, metric in AT_POINT.items():
                yield _sized(name, metric(read), read, scope, material)
    images = np.array([one.images for one in found], dtype=np.float64)
    patients = [one.patient for one in found]
    yield material.means.finding("images_per_examination", {}, images, patients)


def _sized(
    name: str, estimate: Estimate, p: Predictions, scope: dict[str, str], material: Material
) -> Finding:
    positives = int(p.labels.sum())
    of = name.removeprefix("examination_")
    count, what = rarest(positives, len(p.labels) - positives, of)
    sized = apply_size_rule(estimate, count, material.statistics.minimum, what)
    return Finding(name, scope, sized, positives=positives)
