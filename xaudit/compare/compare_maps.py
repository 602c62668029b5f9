"""Differences between the maps of two audits, on the cases that both explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import MapRow, Store
from xaudit.compare.paired_audits import Paired
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.core.record.change import Agreement, Delta, MapChange
from xaudit.core.seeds import generator_for
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.metrics.maps.similarity import rank_correlation
from xaudit.stats.resampling.bootstrap import clustered_mean

LEAST = 10

Made = Mapping[tuple[str, str], MapRow]


def compare_maps(
    old: Path, new: Path, pair: Paired, seed: int
) -> tuple[tuple[MapChange, ...], tuple[Delta, ...], tuple[Agreement, ...]]:
    """How alike the maps are, how their scores changed, and which lesions they hit.

    Args:
        old: folder of the audit to compare with.
        new: folder of the audit that is compared.
        pair: their common cases.
        seed: of the draws.

    Returns:
        For every method of both audits: the likeness, the change of each localization score,
        and the lesions that the maps of both hit, of one, or of none.
    """
    both = _Both(_load(old), _load(new), pair, seed)
    names = both.methods()
    return (
        tuple(both.change(name) for name in names),
        tuple(delta for name in names for delta in both.deltas(name)),
        tuple(one for name in names if (one := both.hits(name)) is not None),
    )


def _load(folder: Path) -> Results:
    return Results.load(Store(folder), read_record(folder))


@dataclass(frozen=True, slots=True)
class _Both:
    old: Results
    new: Results
    pair: Paired
    seed: int

    def methods(self) -> list[str]:
        """Methods of which both audits have a map of a common case."""
        common = set(self.pair.ids)
        made = [{method for case, method in _made(side) if case in common} for side in self._sides]
        return sorted(made[0] & made[1])

    def change(self, method: str) -> MapChange:
        """The mean rank correlation; what cannot be compared is counted."""
        made = _made(self.old), _made(self.new)
        found: dict[str, float] = {}
        explained = [case for case in self.pair.ids if all((case, method) in one for one in made)]
        for case_id in explained:
            score = self._alike(case_id, method)
            if not isinstance(score, Undefined):
                found[case_id] = score
        least = sorted(found.items(), key=lambda one: (one[1], one[0]))[:LEAST]
        same = all(made[0][case, method].params == made[1][case, method].params
                   for case in explained)  # fmt: skip
        alike = self._mean(found, f"similarity {method}")
        return MapChange(method, alike, tuple(least), len(explained) - len(found), same)

    def deltas(self, method: str) -> Iterator[Delta]:
        """Each localization score of the same maps, new minus old."""
        for metric in LOCALIZATION:
            sides = [_values(side, method, metric) for side in self._sides]
            common = [case for case in self.pair.ids if all(case in side for side in sides)]
            gaps = {case: sides[1][case] - sides[0][case] for case in common}
            means = [
                float(np.mean([side[case] for case in common])) if common else None
                for side in sides
            ]
            scope = {"method": method, "analysis": "scored"}
            gap = self._mean(gaps, f"{metric} {method}")
            yield Delta(metric, scope, means[0], means[1], gap, None, "none")

    def hits(self, method: str) -> Agreement | None:
        """Lesions that the peak of the map hits; None where neither audit looked."""
        sides = [_hits(side, method) for side in self._sides]
        known, cases = sides[0].keys() & sides[1].keys(), set(self.pair.ids)
        pairs = [(sides[0][one], sides[1][one]) for one in known if one[0] in cases]
        if not pairs:
            return None
        return Agreement(
            "lesion",
            {"method": method},
            sum(old and new for old, new in pairs),
            sum(old and not new for old, new in pairs),
            sum(new and not old for old, new in pairs),
            sum(not old and not new for old, new in pairs),
        )

    @property
    def _sides(self) -> tuple[Results, Results]:
        return self.old, self.new

    def _alike(self, case_id: str, method: str) -> float | Undefined:
        first, second = (side.array(case_id, method) for side in self._sides)
        inside = self.new.array(case_id, "inside")
        if not first.shape == second.shape == inside.shape:
            return Undefined(
                Message(
                    "maps of {first} and {second} pixels",
                    first=str(first.shape),
                    second=str(second.shape),
                )
            )
        return rank_correlation(first, second, inside)

    def _mean(self, values: Mapping[str, float], key: str) -> Estimate:
        if not values:
            return Estimate.missing(Message("no case in both audits"), unit=self.pair.unit)
        patients = dict(zip(self.pair.ids, self.pair.patients, strict=True))
        found = clustered_mean(
            np.array(list(values.values())),
            [patients[case_id] for case_id in values],
            generator_for(self.seed, "compare", key),
        )
        return replace(found, unit=self.pair.unit)


def _made(results: Results) -> Made:
    """(case, method) → the row of a map that can be read."""
    return {
        (row.case_id, row.method): row
        for row in results.maps
        if row.error is None and row.degenerate is None
    }


def _values(results: Results, method: str, metric: str) -> dict[str, float]:
    rows = results.by_score.get((method, metric), {})
    return {case_id: row.value for case_id, row in rows.items() if row.value is not None}


def _hits(results: Results, method: str) -> dict[tuple[str, int], bool]:
    """(case, lesion) → whether the map's peak lies in it."""
    return {
        (row.case_id, row.lesion): row.value > 0
        for row in results.scores
        if row.method == method
        and row.metric == "lesion_hit"
        and row.lesion is not None
        and row.value is not None
    }
