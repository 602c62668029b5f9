"""Which groups travel with the label, and does the detector go along?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.store import CaseRow
from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.finding import CROSS, Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule, levels
from xaudit.metrics.association import association, association_p, negatives_auc
from xaudit.stats.association import association_p_value
from xaudit.stats.multiplicity import holm

_DRAWS = 999


def association_findings(
    rows: Sequence[CaseRow], seed: int, unit: str, minimum: tuple[int, int]
) -> Iterator[Finding]:
    """For every column: is it tied to the label, by which levels, and do scores follow?

    ``association_p`` holds for a column, Holm's correction over all columns included;
    ``association`` and ``negatives_auc`` for a level against the rest. Intersections are left
    out: their parts are there.

    Args:
        rows: the scored cases.
        seed: of the plan.
        unit: what a patient is called in this study.
        minimum: cases for an interval, and for a verdict.
    """
    scored = [row for row in rows if row.logit is not None]
    labels = np.array([row.label for row in scored], dtype=bool)
    if not labels.any() or labels.all():
        return
    columns = {
        name: by_level
        for name, by_level in levels([row.groups for row in scored]).items()
        if CROSS not in name and len(by_level) > 1
    }
    yield from _p_values(columns, scored, labels, seed, unit)
    logits = np.array([row.logit for row in scored], dtype=np.float64)
    patients = [row.patient for row in scored]
    for column, by_level in columns.items():
        for level, inside in by_level.items():
            scope = {"group": column, "level": level, "compared": "rest"}
            size = min(int(inside.sum()), int((~inside).sum()))
            tied = association(labels, inside, patients)
            yield _sized("association", scope, tied, size, minimum, unit)
            shifted = negatives_auc(logits, labels, inside, patients)
            size = min(int((inside & ~labels).sum()), int((~inside & ~labels).sum()))
            yield _sized("negatives_auc", scope, shifted, size, minimum, unit)


def _p_values(
    columns: Mapping[str, Mapping[str, BoolArray]],
    rows: Sequence[CaseRow],
    labels: BoolArray,
    seed: int,
    unit: str,
) -> Iterator[Finding]:
    patients = [row.patient for row in rows]
    counts = {}
    for name, by_level in columns.items():
        numbers = np.argmax(np.stack(list(by_level.values())), axis=0)
        rng = generator_for(seed, "permutation", name)
        counts[name] = association_p_value(numbers, labels, patients, rng, _DRAWS)
    drawn = {name: association_p(*pair) for name, pair in counts.items()}
    # Without a value there is nothing to adjust; draws are never none.
    raw = [one.value for one in drawn.values() if one.value is not None]
    for name, adjusted in zip(drawn, holm(raw), strict=True):
        estimate = _adjusted(drawn[name], float(adjusted), len(counts))
        sized = replace(estimate, n=len(rows), clusters=len(set(patients)), k=None, unit=unit)
        yield Finding("association_p", {"group": name}, sized)


def _adjusted(drawn: Estimate, value: float, columns: int) -> Estimate:
    """The p-value after Holm, its interval stretched as far."""
    assert drawn.value is not None
    assert drawn.low is not None
    assert drawn.high is not None
    factor = value / drawn.value
    low, high = min(drawn.low * factor, value), min(max(drawn.high * factor, value), 1.0)
    method = f"{drawn.method}; Holm over {columns} columns"
    return replace(drawn, value=value, low=low, high=high, method=method)


def _sized(
    metric: str,
    scope: Mapping[str, str],
    estimate: Estimate,
    size: int,
    minimum: tuple[int, int],
    unit: str,
) -> Finding:
    sized = apply_size_rule(estimate, size, minimum, "cases on the smaller side")
    return Finding(metric, scope, replace(sized, unit=unit), positives=size)
