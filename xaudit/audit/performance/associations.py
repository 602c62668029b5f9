"""Associations of subgroups with the label, and whether the detector goes along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import CROSS, Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.groups import association
from xaudit.metrics.groups.association import association_p, side_association, side_negatives_auc
from xaudit.metrics.groups.sides import Side, Sides
from xaudit.stats.independence.association import association_p_values
from xaudit.stats.multiple.multiplicity import holm
from xaudit.stats.weights import IntArray

_DRAWS = 999


def association_findings(
    sides: Sides, labels: BoolArray, seed: int, minimum: tuple[int, int]
) -> Iterator[Finding]:
    """For every column: is it tied to the label, by which levels, and do scores follow?

    ``association_p`` holds for a column, Holm's correction over all columns included;
    ``association`` and ``negatives_auc`` for a level against the rest. Intersections are left
    out: their parts are there.

    Args:
        sides: every level of the scored cases, and its rest.
        labels: (N,) bool of the scored cases.
        seed: of the plan.
        minimum: cases for an interval, and for a verdict.
    """
    if not labels.any() or labels.all():
        return
    columns = {
        name: cut for name, cut in sides.columns.items() if CROSS not in name and len(cut.there) > 1
    }
    yield from _p_values(columns, sides, labels, seed)
    unit = sides.size.unit
    for column, cut in columns.items():
        cases, normal = cut.counts(np.ones(len(labels), dtype=bool)), cut.counts(~labels)
        for level in cut.there:
            place, side = cut.place(level), Side(column, level)
            scope = {"group": column, "level": level, "compared": "rest"}
            size = _smaller(cases, place)
            tied = side_association(sides, side)
            yield _sized("association", scope, tied, size, minimum, unit)
            size = _smaller(normal, place)
            shifted = side_negatives_auc(sides, side)
            yield _sized("negatives_auc", scope, shifted, size, minimum, unit)


def _smaller(counts: IntArray, place: int) -> int:
    return int(min(counts[place], counts.sum() - counts[place]))


def _p_values(
    columns: Mapping[str, Cut], sides: Sides, labels: BoolArray, seed: int
) -> Iterator[Finding]:
    size, rng = sides.size, generator_for(seed, "permutation")
    codes = [cut.codes for cut in columns.values()]
    pairs = association_p_values(codes, labels, sides.patients, rng, _DRAWS)
    counts = dict(zip(columns, pairs, strict=True))
    permuted = {name: association_p(*pair) for name, pair in counts.items()}
    # Without a value there is nothing to adjust; draws are never none.
    raw = [one.value for one in permuted.values() if one.value is not None]
    for name, adjusted in zip(permuted, holm(raw), strict=True):
        estimate = _adjusted(permuted[name], float(adjusted), len(counts))
        sized = replace(estimate, n=size.cases, clusters=size.patients, k=None, unit=size.unit)
        yield Finding("association_p", {"group": name}, sized)


def _adjusted(permuted: Estimate, value: float, columns: int) -> Estimate:
    """The p-value after Holm, its interval stretched as far."""
    assert permuted.value is not None
    assert permuted.low is not None
    assert permuted.high is not None
    factor = value / permuted.value
    low, high = min(permuted.low * factor, value), min(max(permuted.high * factor, value), 1.0)
    method = Message("{method}; Holm over {n} attributes", method=permuted.method, n=columns)
    return replace(permuted, value=value, low=low, high=high, method=method)


def _sized(
    metric: str,
    scope: Mapping[str, str],
    estimate: Estimate,
    size: int,
    minimum: tuple[int, int],
    unit: str,
) -> Finding:
    sized = apply_size_rule(estimate, size, minimum, Message("cases on the smaller side"))
    return Finding(metric, scope, replace(sized, unit=unit), positives=size)


@as_analysis("associations", 100, ["cases"], metrics=(association,))
def _associations(material: Material) -> Iterator[Finding]:
    own = material.shared(Performance.of)
    return association_findings(
        own.sides, own.judged.labels, material.seed, material.statistics.minimum
    )
