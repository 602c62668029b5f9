"""Cross-validation: what each fold says, and their mean beside the pooled figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.store.store import CaseRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.groups.gaps import interval_at
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.metrics.scores.fold_area import fold_mean_auc

_LEVEL = 0.95


def fold_findings(
    rows: Sequence[CaseRow],
    fold_of: Mapping[str, str],
    design: str,
    unit: str,
    minimum: tuple[int, int],
) -> Iterator[Finding]:
    """The AUC of every fold, and their mean; the pooled one is the AUC of the audit.

    Args:
        rows: every case; those without a score are left out.
        fold_of: case id → fold; empty where the study has no folds.
        design: how the folds were made, as declared.
        unit: what a patient is called in this study.
        minimum: cases of a class for an estimate, and for a verdict.
    """
    # Without folds no row is looked at: there may be a million of them.
    scored = [row for row in rows if row.logit is not None] if fold_of else []
    if not scored:
        return
    p = Predictions(
        np.array([row.logit for row in scored], dtype=np.float64),
        np.array([row.label for row in scored], dtype=bool),
        tuple(row.patient for row in scored),
        unit=unit,
    )
    names = np.array([fold_of[row.case_id] for row in scored])
    folds = {str(name): np.asarray(names == name, dtype=bool) for name in np.unique(names)}
    scope = {"analysis": "scored", "folds": design}
    fewest: list[tuple[int, Message]] = []
    for name, inside in folds.items():
        own = p.subset(inside)
        positives = int(own.labels.sum())
        counted = rarest(positives, len(own) - positives)
        fewest.append(counted)
        found: Estimate = interval_at(own, "auc", _LEVEL)
        sized = apply_size_rule(found, counted[0], minimum, counted[1])
        yield Finding("auc_in_fold", {**scope, "fold": name}, sized, positives=positives)
    count, what = min(fewest)
    mean = fold_mean_auc(p, folds)
    if mean.value is not None and count < minimum[0]:
        mean = mean.with_caution(Message("the smallest fold has {n} {what}", n=count, what=what))
    yield Finding("auc_fold_mean", scope, mean, positives=int(p.labels.sum()))


def fold_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        beside("auc_in_fold", Message("What is the AUC within one fold?"), "higher", "number"),
        beside(
            "auc_fold_mean", Message("What is the AUC within a fold, averaged?"), "higher", "number"
        ),
    ]


@as_analysis("folds", 40, ["cases"], facts=fold_facts, interim=False)
def _folds(material: Material) -> Iterator[Finding]:
    rows = material.results.cases if material.folds else ()
    fold_of = {row.case_id: row.fold for row in rows if row.fold is not None}
    minimum = material.statistics.minimum
    return fold_findings(rows, fold_of, material.folds, material.unit, minimum)
