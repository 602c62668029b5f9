import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from xaudit.stats.resampling.bootstrap import bootstrap, weighted_bootstrap
from xaudit.stats.roc.auc import auc_value
from xaudit.stats.roc.partial_auc import Band, partial_auc, rate_at
from xaudit.stats.scored_cases import Scored

R = json.loads((Path(__file__).parents[2] / "fixtures" / "roc.json").read_text())
RNG = np.random.default_rng


def data(sample, per_patient=1):
    scores, labels = sample["data"]["a"], sample["data"]["label"]
    return Scored(scores, labels, [str(i // per_patient) for i in range(len(scores))])


def area(sample, band, standardized):
    return partial_auc(data(sample), band, RNG(0), standardized=standardized, draws=20).value


@pytest.mark.parametrize("sample", R["samples"], ids=["fine", "tied"])
def test_partial_areas_are_those_of_proc(sample):
    expected = sample["partial"]
    for name, limits, rate in (
        ("", expected["specificity"], "specificity"),
        ("middle_", expected["middle"], "specificity"),
        ("sensitivity_", expected["sensitivity"], "sensitivity"),
    ):
        band = Band(rate, *limits)
        assert area(sample, band, False) == pytest.approx(expected[f"{name}raw"])
        assert area(sample, band, True) == pytest.approx(expected[f"{name}mcclish"])


@pytest.mark.parametrize("sample", R["samples"], ids=["fine", "tied"])
def test_points_are_those_of_proc(sample):
    for held, values, found in (
        ("specificity", "specificities", "sensitivity_at"),
        ("sensitivity", "sensitivities", "specificity_at"),
    ):
        for at, expected in zip(sample[values], sample[found], strict=True):
            assert rate_at(data(sample), (held, at), RNG(0), draws=2).value == pytest.approx(
                expected
            )


def test_intervals_are_near_those_of_proc():
    sample = data(R["samples"][0])
    found = partial_auc(sample, Band("specificity", 0.9, 1), RNG(1), draws=4000)
    low, _, high = R["bootstrap"]["part"]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)
    found = rate_at(sample, ("specificity", 0.9), RNG(1), draws=4000)
    low, _, high = R["bootstrap"]["sens"]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.025)


@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.5]), st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_standardized_area_is_that_of_scikit_learn_and_the_whole_band_is_the_area(
    seed, width, levels
):
    rng = RNG(seed)
    labels = np.arange(40) < 15
    scores = rng.integers(0, levels, 40) + 1.0 * labels
    sample = Scored(scores, labels, [str(i) for i in range(40)])
    found = partial_auc(sample, Band("specificity", 1 - width, 1), rng, draws=2)
    assert found.value == pytest.approx(roc_auc_score(labels, scores, max_fpr=width))
    for rate in ("sensitivity", "specificity"):
        whole = partial_auc(sample, Band(rate, 0, 1), rng, draws=2)
        assert whole.value == pytest.approx(auc_value(scores, labels))


def test_weights_and_rows_are_the_same_draws():
    sample = data(R["samples"][0], per_patient=3)
    band = Band("specificity", 0, 1)
    weighted = partial_auc(sample, band, RNG(3), standardized=False, draws=300)
    rows = bootstrap(
        lambda r: auc_value(sample.scores[r], sample.labels[r]), sample.patients, RNG(3), draws=300
    )
    assert (weighted.low, weighted.high) == pytest.approx((rows.low, rows.high))


def test_what_has_no_value_says_so():
    one = Scored(np.zeros(4), np.ones(4), list("abcd"))
    assert rate_at(one, ("specificity", 0.9), RNG(0)).undefined == "no negative cases"
    assert "2 needed" in weighted_bootstrap(lambda w: 0.0, ["a", "a"], RNG(0)).undefined
    with pytest.raises(ValueError, match="lies in"):
        rate_at(one, ("specificity", 90), RNG(0))
    with pytest.raises(ValueError, match="NaN"):
        Scored(np.full(4, np.nan), np.ones(4), list("abcd"))
    with pytest.raises(ValueError, match="3 scores, 4 labels"):
        Scored(np.zeros(3), np.ones(4), list("abcd"))
    with pytest.raises(ValueError, match="low < high"):
        Band("specificity", 1, 0.9)
