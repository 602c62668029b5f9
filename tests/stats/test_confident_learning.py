"""Contradicted labels: beside cleanlab, and planted."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from xaudit.stats.confident_learning import contradicted

SHARES = st.lists(
    st.tuples(st.floats(0, 1).map(lambda p: round(p, 4)), st.booleans()), min_size=4, max_size=40
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
@given(SHARES)
def test_the_list_is_that_of_cleanlab(rows):
    probabilities = np.array([p for p, _ in rows])
    labels = np.array([label for _, label in rows])
    # At one half, and where cases are equally sure, cleanlab chooses by its order of sorting.
    assume(2 <= labels.sum() <= len(labels) - 2)
    assume(len(set(probabilities)) == len(rows) and 0.5 not in probabilities)
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
