"""Shift between sites, in their images and in what the detector makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.case_features import DETECTOR, IMAGE, Array, case_features
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import NOT_RECORDED, BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.data.pixels.image_statistics import IMAGE_STATISTICS
from xaudit.data.tables.levels import UNKNOWN
from xaudit.fairness.groups import apply_size_rule, levels
from xaudit.metrics.groups.site_shift import sampled_cases, site_shift, standardized_difference
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.weights import numbered

KINDS = {"image_shift": IMAGE, "feature_shift": DETECTOR}
PARTS = ("auc", "auc_chance", "auc_p", "mmd_p")
Unit = Literal["patient", "image"]
_PAIR = 2
_NOWHERE = {"", NOT_RECORDED, UNKNOWN}
_WHY_NONE = {
    IMAGE: Message("the run kept no image statistics"),
    DETECTOR: Message(
        "what the detector's last layer reads was not kept: there is no linear or "
        "convolutional layer, or it reads more than 4,096 numbers for an image, or "
        "infinite ones"
    ),
}

_FOLDED = Message(
    "each fold has a detector of its own, whose features cannot be compared with another's"
)


def difference_name(statistic: str) -> str:
    """The metric that says how a statistic of images differs between sites."""
    return f"image_{statistic}_difference"


def site_shift_findings(
    results: Results, column: str | None, unit: Unit, minimum: tuple[int, int], seed: int
) -> Iterator[Finding]:
    """Each site against all others, by image statistics and by the detector's features.

    Args:
        results: of the run.
        column: that names the site; None where the study has none.
        unit: what a patient is called in this study.
        minimum: patients on the smaller side for an estimate, and for a verdict.
        seed: of the plan.
    """
    if column is None:
        return
    rows = [row for row in results.cases if row.logit is not None]
    rows = [row for row in rows if row.groups.get(column, "") not in _NOWHERE]
    cuts = levels([{column: row.groups[column]} for row in rows])
    sites: Mapping[str, BoolArray] = cuts.get(column, {})
    p = _predictions(rows, unit)
    why = _why_not(p, sites)
    if why is not None:
        yield from _without(column, why, p)
        return
    chosen = sampled_cases(p, sites, generator_for(seed, "site_shift", "cases"))
    rows, p = [rows[at] for at in chosen.tolist()], p.subset(chosen)
    sites = {name: inside[chosen] for name, inside in sites.items()}
    compared = _Compared(p, sites, column, minimum, seed)
    for name, kind in KINDS.items():
        values = case_features(results, rows, kind)
        folded = kind == DETECTOR and any(row.fold is not None for row in rows)
        if values is None or folded:
            yield from _without(column, _FOLDED if folded else _WHY_NONE[kind], p, (name,))
            continue
        yield from compared.shifts(name, values)
        if kind == IMAGE:
            yield from compared.differences(values)


@dataclass(frozen=True)
class _Compared:
    """The cases that are compared.

    Attributes:
        predictions: of the cases.
        sites: name → (N,) bool.
        column: that names the site.
        minimum: patients on the smaller side for an estimate, and for a verdict.
        seed: of the plan.
    """

    predictions: Predictions
    sites: Mapping[str, BoolArray]
    column: str
    minimum: tuple[int, int]
    seed: int

    def shifts(self, name: str, values: Array) -> Iterator[Finding]:
        """The tests of every site that is large enough."""
        tested = [site for site in self.sites if self.smaller[site] >= self.minimum[0]]
        rng = generator_for(self.seed, "site_shift", name)
        found = site_shift(values, self.predictions, self.sites, tested, rng) if tested else {}
        for site in self.sites:
            parts = found[site].parts if site in found else dict.fromkeys(PARTS, self._few(site))
            for part in PARTS:
                yield self._finding(f"{name}_{part}", site, parts[part])

    def differences(self, values: Array) -> Iterator[Finding]:
        """How far each statistic of the images of a site is from that of the others."""
        comparisons = len(self.sites) * len(IMAGE_STATISTICS)
        for site, inside in self.sites.items():
            for name, own in zip(IMAGE_STATISTICS, values.T, strict=True):
                one = standardized_difference(own, self.predictions, inside, comparisons)
                yield self._finding(difference_name(name), site, one)

    @cached_property
    def smaller(self) -> dict[str, int]:
        """Patients of each site, or of all others where these are fewer."""
        index = numbered(self.predictions.patients)[1]
        every = len(set(index.tolist()))
        own = {name: len(set(index[inside].tolist())) for name, inside in self.sites.items()}
        return {name: min(count, every - count) for name, count in own.items()}

    def _finding(self, metric: str, site: str, estimate: Estimate) -> Finding:
        scope = {"group": self.column, "level": site, "compared": "rest", "analysis": "scored"}
        what = Message("{units} on one side", units=counted(self.predictions.unit))
        return Finding(
            metric, scope, apply_size_rule(estimate, self.smaller[site], self.minimum, what)
        )

    def _few(self, site: str) -> Estimate:
        p = self.predictions
        why = Message(
            "{n} {what}, {least} needed for an estimate",
            n=self.smaller[site],
            what=Message("{units} on one side", units=counted(p.unit)),
            least=self.minimum[0],
        )
        return Estimate.missing(why, n=len(p), unit=p.unit)


def site_shift_facts() -> list[MetricFacts]:
    """How to read these figures."""
    seen = {
        "image_shift": Message("their image statistics"),
        "feature_shift": Message("the detector's features"),
    }
    asked = {
        "auc": "How well are cases of a site told from those of all others by {what}?",
        "auc_chance": "How well would they be told by {what}, were patients dealt out to sites "
        "again?",
        "auc_p": "Would a site be told from the others by {what} so well by chance?",
        "mmd_p": "Would {what} be so far apart between a site and the others by chance?",
    }
    facts = [
        MetricFacts(
            f"{name}_{part}",
            Message(question, what=what),
            "lower" if part.startswith("auc") and part != "auc_p" else "higher",
            0.0,
            1.0,
            "number",
            "shift",
        )
        for name, what in seen.items()
        for part, question in asked.items()
    ]
    facts += [
        MetricFacts(
            difference_name(name),
            Message(
                "By how many standard deviations does a site differ from the others in: {what}?",
                what=what,
            ),
            "lower",
            None,
            None,
            "number",
            "shift",
        )
        for name, what in IMAGE_STATISTICS.items()
    ]
    return facts


def _predictions(rows: Sequence[CaseRow], unit: Unit) -> Predictions:
    return Predictions(
        np.array([row.logit for row in rows], dtype=np.float64),
        np.array([row.label for row in rows], dtype=bool),
        tuple(row.patient for row in rows),
        unit=unit,
    )


def _why_not(p: Predictions, sites: Mapping[str, BoolArray]) -> str | None:
    if len(sites) < _PAIR:
        if len(sites) == 1:
            return Message("1 site with scored cases, 2 needed")
        return Message("{n} sites with scored cases, 2 needed", n=len(sites))
    index = numbered(p.patients)[1]
    homes = sum(len(set(index[inside].tolist())) for inside in sites.values())
    shared = homes - len(set(index.tolist()))
    if shared:
        return Message(
            "some {units} are at several sites, which ties the sites together",
            units=counted(p.unit),
        )
    return None


def _without(
    column: str, why: str, p: Predictions, kinds: Sequence[str] = tuple(KINDS)
) -> Iterator[Finding]:
    clusters = len(set(p.patients))
    for name in kinds:
        for part in PARTS:
            scope = {"group": column, "compared": "rest", "analysis": "scored"}
            missing = Estimate.missing(why, n=len(p), clusters=clusters, unit=p.unit)
            yield Finding(f"{name}_{part}", scope, missing)


@as_analysis("site shift", 30, ["cases", "features"], facts=site_shift_facts)
def _site_shift(material: Material) -> Iterator[Finding]:
    return site_shift_findings(
        material.results, material.site_column, material.unit, material.statistics.minimum,
        material.seed,
    )  # fmt: skip
