"""Outputs that tell the labels better when they are read in another way."""

import numpy as np
import pytest
from scipy.special import logsumexp

from xaudit.audit.suspicions.inquiry import Inquiry
from xaudit.audit.suspicions.other_readings import other_output_fits_better
from xaudit.core.case import Case
from xaudit.models.heads.output import OutputSpec
from xaudit.models.spec import Answers

LABELS = np.arange(32) % 2 == 1


def probe(outputs, kind, positive, labels=LABELS):
    """A probe of these outputs, with the logit that the declaration makes of them."""
    cases = tuple(Case(f"c{n}", f"p{n}", bool(y), None) for n, y in enumerate(labels))
    logits = outputs[:, positive]
    if kind == "softmax":
        logits = logits - logsumexp(np.delete(outputs, positive, axis=1), axis=1)
    said = Answers(outputs, logits, *[logits[:16]] * 3)
    return Inquiry(OutputSpec(kind, positive), cases, None, said)


def softmax_of_three(seed=0):
    """Normal, fracture, other: evidence that moves all three hides the fracture in its column."""
    rng = np.random.default_rng(seed)
    shared, evidence = rng.normal(0, 8, 32), np.where(LABELS, 2.0, -2.0) + rng.normal(0, 1, 32)
    return np.column_stack([shared, shared + evidence, shared - 3])


def own_labels(seed=0):
    """Fracture, cast, implant: each tells itself alone."""
    rng = np.random.default_rng(seed)
    fracture = np.where(LABELS, 2.0, -2.0) + rng.normal(0, 1, 32)
    return np.column_stack([fracture, *rng.normal(-2, 3, (2, 32))])


def test_softmax_that_is_declared_as_labels_of_their_own():
    (found,) = other_output_fits_better(probe(softmax_of_three(1), "multi_label", 1))
    assert found.name == "other_output_fits_better"
    assert "Read as softmax, positive 1" in found.text
    assert "than as multi_label, positive 1: the AUC is larger by 0." in found.text
    assert other_output_fits_better(probe(softmax_of_three(1), "softmax", 1)) == ()


@pytest.mark.parametrize("kind", ["softmax", "multi_label"])
def test_wrong_column(kind):
    (found,) = other_output_fits_better(probe(own_labels(), kind, 2))
    assert "positive 0, the outputs" in found.text


@pytest.mark.parametrize("seed", range(20))
def test_right_declarations_are_not_accused(seed):
    assert other_output_fits_better(probe(softmax_of_three(seed), "softmax", 1)) == ()
    assert other_output_fits_better(probe(own_labels(seed), "multi_label", 0)) == ()


def test_where_no_output_tells_the_labels_hardly_any_is_taken_for_one_that_does():
    rng = np.random.default_rng(0)
    noise = [probe(rng.normal(size=(32, 4)), "softmax", 0) for _ in range(60)]
    assert sum(bool(other_output_fits_better(one)) for one in noise) <= 2


def test_among_many_labels_none_is_taken_for_a_better_one_by_luck():
    """Fourteen findings that go with a fracture, each alike: any may look better by chance."""
    accused = []
    for seed in range(25, 40):
        labels = np.random.default_rng(seed).normal(np.where(LABELS, 0.9, 0)[:, None], 1, (32, 14))
        accused += other_output_fits_better(probe(labels, "multi_label", 0))
    assert len(accused) <= 1


def test_too_few_images_and_single_outputs_say_nothing():
    few = np.arange(32) < 9
    assert other_output_fits_better(probe(own_labels(), "multi_label", 2, few)) == ()
    assert other_output_fits_better(probe(own_labels()[:, :1] * -1, "logit", 0)) == ()
