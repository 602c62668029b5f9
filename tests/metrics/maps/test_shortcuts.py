import numpy as np
import pytest

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.shortcuts import (
    artifact_enrichment,
    artifact_excess,
    insertion_effect,
    lesion_advantage,
    lesion_effect,
    lesion_first,
    lesion_flip,
    lesion_specific_effect,
    other_effect,
    other_flip,
)

NONE = np.empty(0)


def test_effects_are_differences_of_logits():
    assert lesion_effect(2.0, np.array([0.5, 1.5])) == 1.0
    assert other_effect(2.0, np.array([1.0, 3.0])) == 1.0
    assert insertion_effect(-1.0, np.array([0.0, 1.0])) == 1.5
    assert lesion_specific_effect(2.0, np.array([0.0]), np.array([3.0, 2.0])) == 2.5
    assert artifact_excess(1.5, 0.5) == 1.0


def test_advantage_compares_means_of_cases_that_may_differ():
    assert lesion_advantage(np.array([1.0, 2.0]), np.array([0.5])) == 1.0
    assert lesion_advantage(np.array([0.01]), np.array([4.0, 4.2, 4.1])) == pytest.approx(-4.09)
    assert "no artifact" in lesion_advantage(np.array([1.0]), NONE).reason
    assert "no case with a lesion" in lesion_advantage(NONE, np.array([1.0])).reason


def test_calls_change_at_the_threshold():
    assert lesion_flip(1.0, np.array([0.5, -0.5]), 0.0) == 0.5
    # A call needs more than the threshold, here as wherever calls are counted.
    assert lesion_flip(1.0, np.array([0.0, -0.5]), 0.0) == 1
    assert isinstance(lesion_flip(0.0, np.array([-2.0]), 0.0), Undefined)
    assert other_flip(0.0, np.array([0.5, -2.0]), 0.0) == 0.5
    assert isinstance(lesion_flip(-1.0, np.array([-2.0]), 0.0), Undefined)
    assert other_flip(-1.0, np.array([0.5, 0.0]), 0.0) == 0.5


@pytest.mark.parametrize("values", [NONE, np.array([np.nan])])
def test_without_a_finite_logit_there_is_a_reason(values):
    for score in (lesion_effect(1.0, values), other_effect(1.0, values),
                  insertion_effect(1.0, values), lesion_flip(1.0, values, 0.0),
                  lesion_specific_effect(1.0, np.array([1.0]), values),
                  lesion_specific_effect(1.0, values, np.array([1.0]))):  # fmt: skip
        assert isinstance(score, Undefined)


def test_enrichment_is_one_for_a_constant_map():
    inside = np.ones((10, 10), dtype=bool)
    artifact = np.zeros((10, 10), dtype=bool)
    artifact[:2] = True
    flat = np.ones((10, 10), dtype=np.float32)
    assert artifact_enrichment(flat, artifact, inside) == pytest.approx(1)
    assert artifact_enrichment(np.where(artifact, 1, -1), artifact, inside) == pytest.approx(5)
    assert isinstance(artifact_enrichment(-flat, artifact, inside), Undefined)
    assert isinstance(artifact_enrichment(flat, ~inside, inside), Undefined)
    assert isinstance(artifact_enrichment(flat * np.nan, artifact, inside), Undefined)


def test_lesion_comes_first_only_where_nothing_else_moves_more():
    assert lesion_first(2.0, np.array([1.0, 1.5])) == 1
    assert lesion_first(1.5, np.array([1.0, 1.5])) == 0.5
    assert lesion_first(1.0, np.array([1.5, 0.1])) == 0
    # A logit that rises without the lesion does not rest on it, however far it rises.
    assert lesion_first(-3.0, np.array([0.1])) == 0
    assert isinstance(lesion_first(1.0, NONE), Undefined)
    assert isinstance(lesion_first(1.0, np.array([np.nan])), Undefined)
