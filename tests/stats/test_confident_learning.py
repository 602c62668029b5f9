"""Contradicted labels: beside cleanlab, and planted."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from xaudit.stats.confident_learning import contradicted

# In no pair alike, and none one half: there cleanlab chooses by its order of sorting.
SHARES = st.lists(
    st.integers(0, 9998).map(lambda n: (2 * n + 1) / 19999), min_size=4, max_size=40, unique=True
)


def cleanlab_says(probabilities, labels):
    from cleanlab.count import compute_confident_joint
    from cleanlab.filter import find_label_issues

    both = np.stack([1 - probabilities, probabilities], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joint = compute_confident_joint(labels.astype(int), both, calibrate=False)
        found = find_label_issues(
            labels.astype(int), both, filter_by="prune_by_noise_rate", n_jobs=1,
            return_indices_ranked_by="normalized_margin",
        )  # fmt: skip
    counts = np.array([(~labels).sum(), labels.sum()])
    halves = joint / joint.sum(axis=1, keepdims=True) * counts[:, None] % 1
    return found, bool((np.abs(halves - 0.5) < 1e-6).any())


@settings(max_examples=150, deadline=None)
@given(SHARES, st.integers(0, 2**40 - 1))
def test_the_list_is_that_of_cleanlab(shares, bits):
    probabilities = np.array(shares)
    labels = np.array([bits >> at & 1 for at in range(len(shares))], dtype=bool)
    labels[:4] = [True, True, False, False]
    found, rounded_half = cleanlab_says(probabilities, labels)
    assume(not rounded_half)
    own = np.where(labels, probabilities, 1 - probabilities)
    assert sorted(contradicted(probabilities, labels)) == sorted(found)
    assert own[contradicted(probabilities, labels)] == pytest.approx(own[found])


def test_planted_mistakes_are_found_by_a_good_detector_and_not_by_a_poor_one():
    rng = np.random.default_rng(4)
    truth = rng.random(2000) < 0.4
    swapped = rng.random(2000) < 0.05
    labels = truth ^ swapped
    found = {}
    for skill in (4.0, 0.3):
        logits = rng.normal(np.where(truth, skill, -skill), 1.5)
        listed = contradicted(1 / (1 + np.exp(-logits)), labels)
        found[skill] = swapped[listed].mean(), swapped[listed].sum() / swapped.sum()
        assert roc_auc_score(truth, logits) > 0.5
    assert min(found[4.0]) > 0.9
    assert found[0.3][0] < 0.2, "most of the list is about labels that are right"


@pytest.mark.parametrize("labels", [[True] * 5, [False] * 5, []])
def test_of_one_class_nothing_is_said(labels):
    assert not len(contradicted(np.full(len(labels), 0.5), np.array(labels, dtype=bool)))


def test_probabilities_that_never_pass_one_half_list_no_missed_fracture():
    """As cleanlab 2.9.0 does, whose thresholds of classes found such cases before."""
    rng = np.random.default_rng(0)
    truth = rng.random(1000) < 0.5
    labels = truth ^ (rng.random(1000) < 0.05)
    low = 0.4 / (1 + np.exp(-rng.normal(np.where(truth, 3, -3), 1)))
    found, _ = cleanlab_says(low, labels)
    assert set(contradicted(low, labels)) == set(found)
    assert labels[found].all()
    assert (~labels & truth).sum() > 20
