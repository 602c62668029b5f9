from math import comb

import numpy as np
import pytest

from xaudit.metrics.groups.label_shift import label_shift
from xaudit.metrics.scores.discrimination import Predictions


def study(seed, shares, each=60):
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 4, each * len(shares))
    site = np.repeat(np.arange(len(shares)), each)
    ill = rng.random(len(site)) < np.asarray(shares)[site]
    of = np.repeat(np.arange(len(site)), images)
    p = Predictions(np.zeros(len(of)), ill[of], tuple(map(str, of)))
    return p, {f"h{one}": site[of] == one for one in range(len(shares))}


def slow_fisher(a, b, c, d):
    """Sum of all tables that are no likelier."""

    def chance(x):
        return comb(a + b, x) * comb(c + d, a + c - x) / comb(a + b + c + d, a + c)

    low, high = max(0, a + c - (c + d)), min(a + b, a + c)
    return sum(q for q in map(chance, range(low, high + 1)) if q <= chance(a) * (1 + 1e-7))


def test_p_values_are_fishers_over_patients_after_holm():
    p, sites = study(1, (0.3, 0.5, 0.4))
    raw = []
    for inside in sites.values():
        here = {one for one, side in zip(p.patients, inside, strict=True) if side}
        ill = {one for one, y in zip(p.patients, p.labels, strict=True) if y}
        everyone = set(p.patients)
        raw.append(slow_fisher(len(here & ill), len(here - ill), len(ill - here),
                               len(everyone - here - ill)))  # fmt: skip
    order, largest, wanted = np.argsort(raw), 0.0, [0.0] * 3
    for step, place in enumerate(order):
        largest = max(largest, (3 - step) * raw[place])
        wanted[place] = min(1.0, largest)
    found = label_shift(p, sites)
    assert [one.p_value.value for one in found.values()] == pytest.approx(wanted)
    share = found["h0"].prevalence
    assert (share.k, share.n) == (p.labels[sites["h0"]].sum(), sites["h0"].sum())


def test_equal_sites_seldom_alarm_and_a_shifted_one_does():
    alarms = sum(
        min(one.p_value.value for one in label_shift(*study(seed, (0.4,) * 4)).values()) < 0.05
        for seed in range(60)
    )
    assert alarms <= 7
    found = label_shift(*study(1, (0.4, 0.4, 0.9)))
    assert found["h2"].p_value.value < 0.001
