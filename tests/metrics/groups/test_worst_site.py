from functools import partial

import numpy as np
import pytest

from xaudit.metrics.groups.gaps import Size, interval_at
from xaudit.metrics.groups.worst_site import worst_site
from xaudit.metrics.scores.discrimination import Predictions


def study(seed, shares, each=100):
    """Sites with these true sensitivities; one image of each patient, all fractured."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(len(shares)), each)
    found = rng.random(len(site)) < np.asarray(shares)[site]
    p = Predictions(np.where(found, 1.0, -1.0), np.ones(len(site), bool),
                    tuple(map(str, range(len(site)))))  # fmt: skip
    return p, {f"h{one}": site == one for one in range(len(shares))}


def worst(p, sites, metric="sensitivity"):
    limits = {
        name: partial(interval_at, p.subset(inside), metric) for name, inside in sites.items()
    }
    return worst_site(limits, Size.of(p))


@pytest.mark.parametrize("shares", [(0.9,) * 6, (0.9, 0.9, 0.8, 0.7), (0.95, 0.5)])
def test_the_true_worst_is_covered(shares):
    found = [worst(*study(seed, shares)) for seed in range(200)]
    covered = sum(one.low <= min(shares) <= one.high for one in found)
    assert covered >= 184
    assert all(one.value >= one.low for one in found)


def test_value_is_the_lowest_seen():
    p, sites = study(3, (0.9, 0.8, 0.7))
    shares = [(p.logits[inside] > 0).mean() for inside in sites.values()]
    assert worst(p, sites).value == pytest.approx(min(shares))


def test_more_sites_lower_the_bound_and_reasons_are_kept():
    p, sites = study(3, (0.9,) * 8)
    one = {"h0": sites["h0"]}
    alone = worst(p, one)
    assert worst(p, sites).low < alone.low
    assert "h0" in worst(p, sites, "auc").undefined
    assert worst(p, {}, "auc").undefined == "no site is large enough"
