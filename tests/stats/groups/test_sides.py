"""Both sides of every level from sums that are made once, against each side taken by itself."""

import numpy as np
import pytest

from xaudit.core.cut import Cut
from xaudit.stats.groups.sides import Cells, Ranking, side_means, side_shares
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.roc.auc import Area

KINDS = ("whole patients", "mixed patients", "one case each")


def study(kind, seed=0, cases=400, patients=150):
    rng = np.random.default_rng(seed)
    index = np.append(np.arange(patients), rng.integers(patients, size=cases - patients))
    if kind == "one case each":
        index = np.arange(cases)
    of = index if kind == "whole patients" else rng.integers(20, size=cases)
    labels = rng.random(cases) < 0.4
    scores = rng.normal(size=cases) + labels
    # Ties, and scores that a probability of 0 or 1 has.
    scores = np.where(rng.random(cases) < 0.05, np.inf, scores.round(1))
    return index, Cut.of([f"level {one % 7}" for one in of]), labels, scores


def cells_of(index, cut):
    return Cells.of(cut.codes, len(cut), index, int(index.max()) + 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_of_each_side_alone(kind, seed):
    index, cut, labels, scores = study(kind, seed)
    success = scores > 0.5
    both = side_shares(cells_of(index, cut), success, labels)
    for place, inside in enumerate(cut.values()):
        for shares, side in zip(both, (inside & labels, ~inside & labels), strict=True):
            for level in (0.95, 0.999):
                found = shares[place].estimate(level)
                plain = clustered_proportion(success[side], index[side], level)
                assert (found.k, found.n, found.clusters, found.method) == (
                    plain.k, plain.n, plain.clusters, plain.method,
                )  # fmt: skip
                assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_areas_are_those_of_each_side_alone(kind):
    index, cut, labels, scores = study(kind)
    ranking = Ranking.of(scores, index, int(index.max()) + 1)
    truth = labels[ranking.order]
    for inside in cut.values():
        side = ~inside[ranking.order]
        found = ranking.area(side & truth, side & ~truth)
        plain = Area.of(scores[~inside], labels[~inside], index[~inside])
        assert (found.n, found.clusters, found.units) == (plain.n, plain.clusters, plain.units)
        assert (found.value, found.variance) == pytest.approx((plain.value, plain.variance))


def test_an_area_of_one_class_or_of_one_patient_keeps_its_reason():
    index, _, labels, scores = study("one case each")
    ranking = Ranking.of(scores, index, len(index))
    nobody, truth = np.zeros(len(index), bool), labels[ranking.order]
    assert ranking.area(nobody, ~truth).estimate().undefined == "no positive cases"
    assert ranking.area(truth, nobody).estimate().undefined == "no negative cases"
    first = np.arange(len(index)) == np.flatnonzero(truth)[0]
    assert "2 needed" in ranking.area(first, ~truth).estimate().undefined


@pytest.mark.parametrize("kind", KINDS)
def test_gaps_of_means_are_those_of_sums_within_patients(kind):
    index, cut, _, _ = study(kind)
    value = np.random.default_rng(4).random(len(index))
    found = side_means(cells_of(index, cut), value)
    for place, inside in enumerate(cut.values()):
        here, rest = value[inside].mean(), value[~inside].mean()
        pull = np.where(inside, (value - here) / inside.sum(), (rest - value) / (~inside).sum())
        sums = np.bincount(index, pull)
        assert found.gap[place] == pytest.approx(here - rest, abs=1e-12)
        assert found.squares[place] == pytest.approx(float(sums @ sums), rel=1e-9)
        assert found.inside[place] == len(set(index[inside]))
        assert found.outside[place] == len(set(index[~inside]))


def test_patients_on_both_sides_are_known():
    index, cut, _, _ = study("mixed patients")
    shared = cells_of(index, cut).shared()
    for place, inside in enumerate(cut.values()):
        assert shared[place] == bool(set(index[inside]) & set(index[~inside]))
    assert not cells_of(*study("whole patients")[:2]).shared().any()
