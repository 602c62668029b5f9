"""Scores that are unlikely under their declaration."""

import numpy as np

from xaudit.audit.plausibility import constant_score, inverted_scores
from xaudit.audit.seen import Scores

LABELS = [True] * 20 + [False] * 20


def scores(logits, labels=LABELS, kind="logit"):
    return Scores(np.array(logits, dtype=float), np.array(labels, dtype=bool), kind)


def test_score_that_never_varies_is_noticed():
    (found,) = constant_score(scores([0.5] * 40))
    assert found.name == "constant_score"
    assert "never varies" in found.text
    assert constant_score(scores([np.inf] * 40))
    assert not constant_score(scores(range(40)))
    assert not constant_score(scores([1.0], [True]))
    assert not constant_score(scores([], []))


def test_inverted_output_is_noticed():
    (found,) = inverted_scores(scores(range(40)))
    assert found.name == "inverted_scores"
    assert "AUC is 0.000" in found.text


def test_sound_scores_and_small_studies_are_left_alone():
    assert not inverted_scores(scores(range(40, 0, -1)))
    assert not inverted_scores(scores([1.0, 2.0, 3.0], [True, False, True]))
    assert not inverted_scores(scores([], []))


def test_a_detector_that_knows_nothing_is_hardly_ever_called_inverted():
    accused = sum(
        bool(inverted_scores(scores(np.random.default_rng(seed).normal(size=20), LABELS[10:30])))
        for seed in range(1000)
    )
    assert accused <= 10
