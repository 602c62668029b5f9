"""Site effects: how much a metric differs between sites, and what a new site may expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.metrics.groups.proportions import PROPORTIONS
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.groups.heterogeneity import (
    Effects,
    Heterogeneity,
    Options,
    logit_effect,
    random_effects,
)
from xaudit.stats.proportions import effective_sample
from xaudit.stats.roc.auc import logit_area
from xaudit.stats.weights import numbered, taken


@dataclass(frozen=True, slots=True)
class SiteEffects:
    """Random effects of the sites where a metric exists, and the others.

    Attributes:
        found: the random effects, on the scale of the metric.
        sites: names of the sites that entered, in the order of ``found.without``.
        left_out: site → why the metric does not exist there.
    """

    found: Heterogeneity
    sites: tuple[str, ...]
    left_out: Mapping[str, str]


def site_effects(
    predictions: Predictions,
    sites: Mapping[str, BoolArray],
    metric: str,
    options: Options | None = None,
) -> SiteEffects:
    """How much does a metric differ between sites beyond chance?

    Random effects on the logit scale; within a site, patients are the units.

    Args:
        predictions: the cases.
        sites: name → (N,) bool; no patient is in two of them.
        metric: "sensitivity", "specificity", "ppv", "npv", "accuracy" or "auc".
        options: as for `random_effects`; the scale is always the logit.

    Raises:
        ValueError: the metric is unknown, or a patient is in two sites.
    """
    if metric not in {*PROPORTIONS, "auc"}:
        raise ValueError(f"unknown metric {metric!r}; there are {', '.join(PROPORTIONS)}, auc")
    _check_patients(predictions, sites)
    options = options or Options()
    parts = {name: predictions.subset(np.asarray(own)) for name, own in sites.items()}
    effects = {name: _effect(own, metric) for name, own in parts.items()}
    kept = {name: found for name, found in effects.items() if not isinstance(found, str)}
    entered = [parts[name] for name in kept]
    together = Effects(
        np.array([value for value, _ in kept.values()]),
        np.array([variance for _, variance in kept.values()]),
        sum(len(own) for own in entered),
        sum(numbered(own.patients)[0] for own in entered),
    )
    chosen = replace(options, scale="logit")
    left_out = {name: found for name, found in effects.items() if isinstance(found, str)}
    return SiteEffects(random_effects(together, chosen), tuple(kept), left_out)


def _effect(own: Predictions, metric: str) -> tuple[float, float] | str:
    if metric == "auc":
        found = logit_area(own.logits, own.labels, own.patients)
        return found or Message("fewer than 2 patients with positive or with negative cases")
    success, among = PROPORTIONS[metric](own)
    patients, index = numbered(taken(own.patients, np.flatnonzero(among)))
    if patients == 1:
        return Message("1 patient on whom the metric rests, 2 needed")
    if not patients:
        return Message("{n} patients on whom the metric rests, 2 needed", n=patients)
    share = success[among].astype(np.float64)
    return logit_effect(float(share.mean()), effective_sample(share, index, patients))


def _check_patients(p: Predictions, sites: Mapping[str, BoolArray]) -> None:
    patients, index = numbered(p.patients)
    names, home = list(sites), np.full(patients, -1)
    for place, own in enumerate(sites.values()):
        rows = np.flatnonzero(own)
        elsewhere = rows[home[index[rows]] >= 0]
        if len(elsewhere):
            row = int(elsewhere[0])
            first = names[home[index[row]]]
            raise ValueError(
                f"{p.unit} {str(p.patients[row])!r} (row {row}) is in sites {first!r} and "
                f"{names[place]!r}; sites have to be independent"
            )
        home[index[rows]] = place
