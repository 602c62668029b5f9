"""Scores that are unlikely under their declaration."""

from dataclasses import replace

import numpy as np

from xaudit.audit.suspicions.inquiry import StudyScores
from xaudit.audit.suspicions.score_checks import (
    constant_score,
    inverted_scores,
    saturated_score,
    table_in_unit_interval,
)
from xaudit.models.heads.output import OutputSpec

LABELS = [True] * 20 + [False] * 20


def scores(logits, labels=LABELS, kind="logit", **more):
    return StudyScores(np.array(logits, dtype=float), np.array(labels, dtype=bool), kind, **more)


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


def test_scores_at_their_limits_are_noticed_and_separated_ones_are_not():
    apart = np.concatenate([np.linspace(20, 30, 20), np.linspace(-30, -20, 20)])
    sharp = np.clip(apart, -24, 24)
    assert not saturated_score(scores(apart))
    assert not saturated_score(scores(np.clip(apart, -28, 28)))
    (found,) = saturated_score(scores(np.clip(apart, -21, 21)))
    assert found.name == "saturated_score"
    assert "36 of 40 scores lie at a limit (18 at the lowest, 18" in found.text
    limits = OutputSpec("probability").clipping
    clipped = scores(np.clip(apart, *limits), kind="probability")
    assert not saturated_score(replace(clipped, clipping=limits))
    moved = scores(np.clip(apart + 20, *limits), kind="probability")
    assert not saturated_score(replace(moved, clipping=limits))
    assert saturated_score(replace(scores(sharp), clipping=(-24, 24)))
    assert not saturated_score(scores([1.0] * 6 + [2.0] * 3, LABELS[:9]))


def test_a_table_of_decisions_is_noticed_and_a_scale_of_three_is_not():
    table = {"of_table": True, "clipping": (-np.inf, np.inf)}
    decisions = scores([np.inf, -np.inf] * 20, kind="probability")
    assert saturated_score(replace(decisions, **table))
    levels = scores([-1.4, 0.0, 1.4, 1.4] * 10, kind="probability")
    assert not saturated_score(replace(levels, **table))


def test_a_table_of_probabilities_that_is_declared_as_logits_is_noticed():
    shares = np.linspace(0, 1, 40)
    (found,) = table_in_unit_interval(scores(shares, kind="logit", of_table=True))
    assert found.name == "scores_in_unit_interval"
    assert "after a sigmoid, declare detector.score probability; logits are ack" in found.text
    assert not table_in_unit_interval(scores(shares, kind="probability", of_table=True))
    assert not table_in_unit_interval(scores(shares * 4, kind="logit", of_table=True))
    assert not table_in_unit_interval(scores(shares, kind="logit"))
    assert not table_in_unit_interval(scores(shares[:9], LABELS[:9], of_table=True))
