import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from xaudit.core.cut import Cut
from xaudit.metrics.groups.matched_gap import matched_gaps
from xaudit.metrics.scores.discrimination import Predictions


def study(seed, effect=0.0, patients=300):
    """Hard cases are missed more often, and come more often in the level."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 4, patients)
    of = np.repeat(np.arange(patients), images)
    inside = np.repeat(rng.random(patients) < 0.4, images)
    hard = rng.random(len(of)) < np.where(inside, 0.7, 0.2)
    found = np.where(hard, 0.5, 0.9) - effect * inside
    called = rng.random(len(of)) < found
    labels = rng.random(len(of)) < 0.8
    p = Predictions(np.where(called, 1.0, -1.0), labels, tuple(map(str, of)), unit="limb")
    return p, inside, np.where(hard, "hard", "easy")


def matched(p, inside, strata, metric="sensitivity", draws=400):
    kinds, rng = Cut.of(strata), np.random.default_rng(1)
    return matched_gaps(metric, p, {"level": inside}, kinds, rng, draws)["level"]


def slow_gap(p, inside, strata):
    """Mantel and Haenszel's difference, written out."""
    top = bottom = 0.0
    for kind in set(strata):
        a = [hit for hit, side, s, y in zip(p.called, inside, strata, p.labels, strict=True)
             if side and s == kind and y]  # fmt: skip
        b = [hit for hit, side, s, y in zip(p.called, inside, strata, p.labels, strict=True)
             if not side and s == kind and y]  # fmt: skip
        if a and b:
            weight = len(a) * len(b) / (len(a) + len(b))
            top += weight * (np.mean(a) - np.mean(b))
            bottom += weight
    return top / bottom


@pytest.mark.parametrize("seed", range(4))
def test_gap_is_mantel_and_haenszels(seed):
    p, inside, strata = study(seed, effect=0.1)
    one = matched(p, inside, strata)
    assert one.gap.value == pytest.approx(slow_gap(p, inside, strata))
    assert one.gap.low < one.gap.value < one.gap.high
    assert (one.gap.unit, one.left_out) == ("limb", 0)
    assert one.gap.n == p.labels.sum()


def test_direction_is_that_of_statsmodels():
    p, inside, strata = study(1, effect=0.2)
    tables = [
        [[(p.called & p.labels & side & kind).sum(), (~p.called & p.labels & side & kind).sum()]
         for side in (inside, ~inside)]
        for kind in (strata == "hard", strata == "easy")
    ]  # fmt: skip
    odds = StratifiedTable([np.array(one, dtype=float) for one in tables]).oddsratio_pooled
    assert (matched(p, inside, strata).gap.value < 0) == (odds < 1)


def test_a_gap_of_case_mix_alone_vanishes_and_a_true_one_stays():
    alarms = raw = found = 0
    for seed in range(30):
        p, inside, strata = study(seed)
        raw += p.called[inside & p.labels].mean() < p.called[~inside & p.labels].mean() - 0.1
        one = matched(p, inside, strata).gap
        alarms += not one.low <= 0 <= one.high
        one = matched(*study(seed, effect=0.2)).gap
        found += one.low <= -0.2 <= one.high
    assert raw >= 28
    assert alarms <= 4
    assert found >= 26


def test_kinds_on_one_side_say_nothing():
    p, inside, strata = study(3)
    alone = np.where(inside, "level only", "rest only")
    one = matched(p, inside, alone)
    assert one.gap.undefined == "no kind of case is on both sides"
    assert (one.compared, one.left_out) == (0, (inside & p.labels).sum())
    some = np.where(inside & (strata == "hard"), "level only", strata)
    one = matched(p, inside, some)
    assert one.left_out == (inside & p.labels & (strata == "hard")).sum()
    assert one.compared == (inside & p.labels & (strata == "easy")).sum()


def test_mistakes_are_named():
    p, inside, strata = study(3)
    with pytest.raises(ValueError, match="not of 'auc'"):
        matched(p, inside, strata, metric="auc")
    with pytest.raises(ValueError, match="2 strata for"):
        matched(p, inside, strata[:2])
