"""Rules that join the logits of an examination: by hand, and as properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from xaudit.metrics.scores.examinations import RULES, joined_logit

LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=6).map(np.array)


def test_values_by_hand():
    logits = logit(np.array([0.5, 0.2]))
    assert joined_logit(logits, "mean") == pytest.approx(logit(0.2) / 2)
    assert joined_logit(logits, "max") == pytest.approx(0.0)
    # 1 - 0.5 × 0.8
    assert expit(joined_logit(logits, "noisy_or")) == pytest.approx(0.6)


@given(LOGITS)
def test_noisy_or_is_the_product_of_probabilities(logits):
    expected = -np.expm1(np.log1p(-expit(logits)).sum())
    assert expit(joined_logit(logits, "noisy_or")) == pytest.approx(expected, rel=1e-6)


@given(LOGITS, st.sampled_from(RULES))
def test_order_does_not_matter_and_one_image_stays_what_it_is(logits, rule):
    joined = joined_logit(logits, rule)
    assert joined == pytest.approx(joined_logit(logits[::-1], rule), rel=1e-9, abs=1e-9)
    assert joined_logit(logits[:1], rule) == pytest.approx(logits[0], rel=1e-9, abs=1e-9)
    assert joined >= logits.min() - 1e-9


def test_certain_images_and_vanishing_ones():
    assert joined_logit(np.array([np.inf, -3.0]), "noisy_or") == np.inf
    assert joined_logit(np.array([-np.inf, -np.inf]), "noisy_or") == -np.inf
    assert joined_logit(np.array([-np.inf, np.inf]), "mean") == 0.0
    assert joined_logit(np.array([-np.inf, np.inf, 2.0]), "mean") == 2.0
    assert joined_logit(np.array([np.inf, 1.0]), "mean") == np.inf
    # The sum of odds that no float of a probability holds.
    assert joined_logit(np.array([-800.0, -800.0]), "noisy_or") == pytest.approx(-800 + np.log(2))


@pytest.mark.parametrize("logits", [[], [np.nan, 1.0]])
def test_no_image_and_no_number_are_refused(logits):
    with pytest.raises(ValueError, match="expected logits"):
        joined_logit(np.array(logits), "mean")
