"""Outputs of a network beside what they are declared to be."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, softmax

from xaudit.audit.suspicions.inquiry import Inquiry
from xaudit.audit.suspicions.output_checks import (
    refuse_impossible,
    rows_sum_to_one,
    score_depends_on_batch,
    score_not_repeatable,
    scores_in_unit_interval,
)
from xaudit.audit.suspicions.suspicions import OF_PROBE, suspected
from xaudit.core.case import Case
from xaudit.errors import DetectorError
from xaudit.models.heads.class_logit import rounding
from xaudit.models.heads.output import OutputSpec
from xaudit.models.spec import Answers

LOGITS = np.random.default_rng(0).normal(0, 3, (32, 3))


def probe(outputs, kind="logit", positive=0, logits=None, **asked):
    outputs = np.asarray(outputs, dtype=float).reshape(len(outputs), -1)
    scores = outputs[:, 0] if logits is None else logits
    cases = tuple(Case(f"c{number}", "p", False, None) for number in range(len(outputs)))
    again = {name: scores[:16] for name in ("again", "alone", "moved")} | asked
    return Inquiry(OutputSpec(kind, positive), cases, None, Answers(outputs, scores, **again))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_a_softmax_in_half_precision_is_rounded_more(kind):
    half = torch.tensor(LOGITS).to(kind).softmax(dim=1)
    with pytest.raises(DetectorError, match="give something else"):
        refuse_impossible(probe(half.double() + 2e-3, "probabilities"))
    seen = probe(half.double(), "probabilities", rounding=rounding(kind))
    assert names(seen) == set()
    assert names(probe(half.double(), "softmax", rounding=rounding(kind))) == {"rows_sum_to_one"}


def names(seen):
    refuse_impossible(seen)
    return {one.name for one in suspected(OF_PROBE, seen)}


@pytest.mark.parametrize(
    ("outputs", "kind", "found"),
    [
        (LOGITS[:, :1], "logit", set()),
        (LOGITS[:, :2], "two_logits", set()),
        (LOGITS, "softmax", set()),
        (LOGITS, "multi_label", set()),
        (expit(LOGITS[:, :1]), "probability", set()),
        (softmax(LOGITS, axis=1), "probabilities", set()),
        # As a softmax these are logits like any other.
        (log_softmax(LOGITS, axis=1), "softmax", set()),
        (expit(LOGITS[:, :1]), "logit", {"scores_in_unit_interval"}),
        (expit(LOGITS), "multi_label", {"scores_in_unit_interval"}),
        (expit(LOGITS), "softmax", {"scores_in_unit_interval"}),
        (expit(LOGITS[:, :2]), "two_logits", {"scores_in_unit_interval"}),
        (softmax(LOGITS, axis=1), "softmax", {"rows_sum_to_one"}),
        (softmax(LOGITS, axis=1), "multi_label", {"rows_sum_to_one"}),
        (softmax(LOGITS[:, :2], axis=1), "two_logits", {"rows_sum_to_one"}),
        (log_softmax(LOGITS, axis=1), "multi_label", {"rows_sum_to_one"}),
        # A separate label beside others that look otherwise.
        (np.column_stack([expit(LOGITS[:, 0]), LOGITS[:, 1]]), "multi_label",
         {"scores_in_unit_interval"}),
        # Few images prove nothing.
        (expit(LOGITS[:9, :1]), "logit", set()),
        (softmax(LOGITS[:9], axis=1), "softmax", set()),
    ],
)  # fmt: skip
def test_what_is_suspected(outputs, kind, found):
    assert names(probe(outputs, kind)) == found


@pytest.mark.parametrize(
    ("outputs", "kind", "message"),
    [
        (LOGITS[:, :1], "probability", r"numbers from 0 to 1, .*declare output.kind logit"),
        (LOGITS, "probabilities", r"numbers from 0 to 1, .*declare output.kind softmax"),
        (expit(LOGITS), "probabilities", "rows that sum to 1, but 32 of 32 images"),
        (np.where(LOGITS > 5.7, np.nan, LOGITS), "softmax", r"finite numbers, but 2 of .*nan"),
        (np.r_[[-np.inf], LOGITS[1:, 0]], "logit", r"finite .*1 of 32 .*c0 gives \(-inf\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(outputs, kind, message):
    with pytest.raises(DetectorError, match=message):
        refuse_impossible(probe(outputs, kind))


def test_rounding_is_no_reason_to_refuse():
    refuse_impossible(probe(np.array([[0.0], [1.0], [1.0 + 1e-6], [-1e-7]]), "probability"))
    refuse_impossible(probe(softmax(LOGITS, axis=1).astype(np.float32), "probabilities"))


def test_scores_that_change_are_noticed_beyond_rounding():
    scores = LOGITS[:, 0]
    rounded = scores[:16] * (1 + 1e-6)
    for check, way in (
        (score_not_repeatable, "again"),
        (score_depends_on_batch, "alone"),
        (score_depends_on_batch, "moved"),
    ):
        assert not check(probe(scores, **{way: rounded}))
        assert check(probe(scores, **{way: scores[:16] + 0.03}))
    (one,) = score_depends_on_batch(probe(scores, alone=scores[:16] + 0.5, moved=scores[1:17]))
    assert "up to 0.5 when an image is scored alone" in one.text
    # What is random cannot be told from what depends on the company.
    shaken = scores[:16] + 0.5
    assert names(probe(scores, again=shaken, alone=shaken)) == {"score_not_repeatable"}


def test_rounding_of_a_saturated_sigmoid_is_not_blown_up():
    spread = np.linspace(-5, 17, 32)
    logits = np.where(spread > 16, 16.6, spread)
    alone = np.where(spread > 16, 15.9, spread)[:16]
    alone[-1] = logits[15]
    seen = probe(expit(logits), "probability", logits=logits[::-1], alone=np.full(16, 15.9))
    near = probe(expit(logits), "probability", logits=np.full(32, 16.6), alone=np.full(16, 15.9))
    assert score_depends_on_batch(seen)
    assert not score_depends_on_batch(near)


def test_texts_say_what_was_seen_and_what_to_do():
    (one,) = scores_in_unit_interval(probe(expit(LOGITS[:, :1])))
    assert "All scores of 32 images lie in [0, 1]" in one.text
    assert "after a sigmoid, declare output.kind probability; logits" in one.text
    (one,) = rows_sum_to_one(probe(softmax(LOGITS, axis=1), "softmax"))
    assert "The 3 outputs of every image sum to 1" in one.text
    assert "declare output.kind probabilities." in one.text
