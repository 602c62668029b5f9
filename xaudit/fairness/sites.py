"""How much do sites differ beyond chance, and what would a new one show?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.errors import ConfigError
from xaudit.fairness.disparity import PROPORTIONS
from xaudit.metrics.discrimination import Predictions
from xaudit.stats.auc import clustered_area_variance, placements
from xaudit.stats.heterogeneity import Effects, Heterogeneity, Options, logit_effect, random_effects
from xaudit.stats.proportions import effective_sample

SITE_METRICS = ("sensitivity", "specificity", "auc")
_PATIENTS = 2


def site_heterogeneity(
    metric: str, predictions: Predictions, sites: Mapping[str, BoolArray], minimum: int = 10
) -> tuple[Heterogeneity, tuple[str, ...]]:
    """How much does a metric vary between sites, and what would a new site show?

    Random effects on the logit scale, where each site's error is about normal; the sample of a
    site is as large as its patients make it (design effect), an area's error is DeLong's with
    patients as clusters.

    Args:
        metric: one of `SITE_METRICS`.
        predictions: all cases, with finite logits.
        sites: site → (N,) bool.
        minimum: cases of each class that the metric rests on, below which a site is left out:
            the logit of a handful is no effect with a normal error.

    Returns:
        The random effects, and the sites that they rest on, in the order of `without`.

    Raises:
        ConfigError: there are no random effects for a metric of this name.
    """
    if metric not in SITE_METRICS:
        raise ConfigError(f"no random effects for {metric!r}; there are: {', '.join(SITE_METRICS)}")
    effects = {}
    for site, inside in sites.items():
        effect = _effect(metric, predictions.subset(inside), minimum)
        if effect is not None:
            effects[site] = effect
    values = np.array([value for value, _ in effects.values()])
    variances = np.array([variance for _, variance in effects.values()])
    used = np.logical_or.reduce([sites[site] for site in effects] or [np.zeros(0, dtype=bool)])
    patients = {predictions.patients[row] for row in np.flatnonzero(used)}
    table = Effects(values, variances, n=int(used.sum()), clusters=len(patients))
    return random_effects(table, Options(scale="logit")), tuple(effects)


def _effect(metric: str, p: Predictions, minimum: int) -> tuple[float, float] | None:
    """The logit of a metric at one site and its variance; None where there is too little."""
    if metric == "auc":
        return _area_effect(p, minimum)
    success, among = PROPORTIONS[metric](p)
    hits = success[among].astype(np.float64)
    names, index = np.unique(_patients(p)[among], return_inverse=True)
    if len(hits) < minimum or len(names) < _PATIENTS:
        return None
    effective = effective_sample(hits, index, len(names))
    return logit_effect(float(hits.mean()), effective)


def _area_effect(p: Predictions, minimum: int) -> tuple[float, float] | None:
    positives = int(p.labels.sum())
    if min(positives, len(p.labels) - positives) < minimum:
        return None
    up, down = placements(p.logits, p.labels)
    area = float(up.mean())
    index = np.unique(_patients(p), return_inverse=True)[1]
    variance = clustered_area_variance(up - area, down - area, p.labels, index)
    slope = area * (1 - area)
    # Areas of 0 and 1 have no logit, and no error that could be seen.
    if not variance or not slope:
        return None
    return float(np.log(area / (1 - area))), variance / slope**2


def _patients(p: Predictions) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.asarray(p.patients, dtype=np.str_)
