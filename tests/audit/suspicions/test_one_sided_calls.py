"""An operating point beyond all scores, of a detector that tells the cases apart."""

import math
import re

import numpy as np
import pytest
from scipy.special import expit, log_expit, logit

from xaudit.audit.suspicions.inquiry import StudyScores
from xaudit.audit.suspicions.one_sided_calls import threshold_beyond_scores
from xaudit.core.detector import OperatingPoint
from xaudit.report.language.catalog import English
from xaudit.report.language.translation import speaking, told

LABELS = np.arange(60) % 2 == 1
SOUND = np.where(LABELS, 1.5, -1.5) + np.random.default_rng(0).normal(0, 1, 60)
HALF = OperatingPoint("half", 0.0, "fixed")
SCREENING = OperatingPoint("screening", math.log(0.3 / 0.7), "fixed")


def scores(logits, kind="logit", labels=LABELS, points=(HALF,)):
    return StudyScores(np.asarray(logits), labels, kind, points=points)


@pytest.mark.parametrize(
    ("logits", "kind", "said"),
    [
        (100 * expit(SOUND), "logit", "60 of 60 cases positive.* as percentages do"),
        (log_expit(SOUND), "multi_label", "60 of 60 cases negative.* logarithms of prob"),
        (expit(SOUND), "logit", "60 of 60 cases positive.* as probabilities do"),
        (logit(expit(expit(SOUND))), "probability", "positive.* a sigmoid applied twice"),
        (SOUND + 8, "logit", "60 of 60 cases positive.* declared to be?"),
        (SOUND - 8, "softmax", "60 of 60 cases negative.* declared to be?"),
    ],
)
def test_scores_on_another_scale_than_declared(logits, kind, said):
    (found,) = threshold_beyond_scores(scores(logits, kind))
    assert found.name == "threshold_beyond_scores"
    assert re.search(said, found.text)
    with speaking("de"):
        assert not isinstance(told(found.text), English)


def test_the_point_itself_counts_where_it_is_inclusive():
    logits = np.where(SOUND > 0, 0.0, SOUND)
    inclusive = OperatingPoint("at", 0.0, "fixed", inclusive=True)
    assert threshold_beyond_scores(scores(logits, points=(HALF,)))
    assert not threshold_beyond_scores(scores(logits, points=(inclusive,)))


def test_every_point_is_looked_at_and_one_is_named():
    far, further = (OperatingPoint(name, 9.0, "fixed") for name in ("far", "further"))
    (found,) = threshold_beyond_scores(scores(SOUND, points=(HALF, far, further)))
    assert "Operating point far calls 60 of 60 cases negative" in found.text


def test_sound_scores_and_those_that_say_little_are_left_alone():
    assert not threshold_beyond_scores(scores(SOUND, points=(HALF, SCREENING)))
    assert not threshold_beyond_scores(scores(SOUND + 8, points=()))
    noise = np.random.default_rng(1).normal(8, 1, 60)
    assert not threshold_beyond_scores(scores(noise))
    few = np.arange(60) < 9
    assert not threshold_beyond_scores(scores(np.where(few, 9.0, 8.0), labels=few))
    two_called = np.sort(SOUND)[::-1][2]
    point = OperatingPoint("rule in", float(two_called), "fixed")
    assert not threshold_beyond_scores(scores(SOUND, points=(point,)))
