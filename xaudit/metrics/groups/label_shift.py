"""Label shift: whether fractures are as common at one site as at the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.independence.fisher import fisher_p_value
from xaudit.stats.multiple.multiplicity import holm
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.weights import numbered, taken


@dataclass(frozen=True, slots=True)
class LabelShift:
    """Fractures at one site.

    Attributes:
        prevalence: share of its cases with a fracture.
        p_value: of as many of its patients having one, against all other sites; after Holm.
    """

    prevalence: Estimate
    p_value: Estimate


def label_shift(predictions: Predictions, sites: Mapping[str, BoolArray]) -> dict[str, LabelShift]:
    """Which sites have more or fewer fractures than the others?

    Fisher's exact test of site against rest on patients, each of whom has a fracture or has none:
    images of one patient are not independent. Holm's correction over sites.

    Args:
        predictions: the cases; their scores are not read.
        sites: name → (N,) bool; no patient is in two of them.
    """
    p = predictions
    names = list(sites)
    patients, index = numbered(p.patients)
    ill = np.bincount(index, p.labels, minlength=patients) > 0
    every = int(ill.sum())
    raw = []
    for name in names:
        here = np.unique(index[sites[name]])
        raw.append(fisher_p_value(int(ill[here].sum()), len(here), every, patients))
    adjusted = holm(raw)
    method = Message(
        "Fisher's exact test over {unit}, Holm over {n} sites; exact, no interval",
        unit=counted(p.unit),
        n=len(names),
    )
    found = {}
    for name, value in zip(names, adjusted, strict=True):
        rows = np.flatnonzero(sites[name])
        share = clustered_proportion(p.labels[rows], taken(p.patients, rows), unit=p.unit)
        at = float(value)
        clusters = share.clusters
        exact = Estimate(at, at, at, method, n=len(p), clusters=clusters, unit=p.unit)
        found[name] = LabelShift(share, exact)
    return found
