import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask

from xaudit.metrics.boxes.iou import centers_within, paired_iou, pairwise_iou


def _corners(rng, count):
    start = rng.integers(0, 40, (count, 2)) / 4
    return np.hstack([start, start + rng.integers(1, 40, (count, 2)) / 4])


@given(st.integers(0, 10**6), st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=50, deadline=None)
def test_overlaps_are_those_of_pycocotools(seed, drawn, true):
    rng = np.random.default_rng(seed)
    first, second, crowd = _corners(rng, drawn), _corners(rng, true), rng.random(true) < 0.5
    found = pairwise_iou(first, second, crowd)
    assert found.shape == (drawn, true)
    if drawn and true:
        sized = [np.hstack([one[:, :2], one[:, 2:] - one[:, :2]]) for one in (first, second)]
        assert np.array_equal(found, mask.iou(*sized, crowd.astype(np.uint8)))
        mirrored = [
            np.stack([-b[:, 2], b[:, 1], -b[:, 0], b[:, 3]], axis=1) for b in (first, second)
        ]
        assert np.array_equal(found, pairwise_iou(*mirrored, crowd))
    assert not pairwise_iou(first, second).size or pairwise_iou(first, first).max() == 1


def test_boxes_that_touch_share_nothing_and_a_crowd_is_divided_by_the_drawn_box():
    box, beside, around = np.array([[0.0, 0, 2, 2], [2, 0, 4, 2], [0, 0, 4, 2]])[:, None]
    assert paired_iou(box, beside) == [0]
    assert paired_iou(box, around) == [0.5]
    assert paired_iou(box, around, np.array([True])) == [1]


@pytest.mark.parametrize(
    ("center", "there"), [((3, 3), 1), ((2, 2), 1), ((4, 3), 1), ((1.9, 3), 0)]
)
def test_a_center_on_the_border_lies_within(center, there):
    x, y = center
    drawn = np.array([[x - 5.0, y - 1, x + 5, y + 1]])
    assert centers_within(drawn, np.array([[2.0, 2, 4, 4]])) == [bool(there)]
