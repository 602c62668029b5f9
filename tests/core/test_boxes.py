"""Boxes: their sizes agree, they have an area, and they are moved from grid to grid."""

import numpy as np
import pytest

from xaudit.core.boxes import Boxes

TWO = Boxes([[0, 0, 2, 4], [1, 1, 2, 2]], [1.5, -2.0], [0, 1])


@pytest.mark.parametrize(
    ("corners", "ratings", "problem"),
    [
        ([[0, 0, 2, 4]], [1.0, 2.0], "1 boxes, 2 ratings"),
        ([[0, 0, np.nan, 4]], [1.0], "finite"),
        ([[0, 0, 2, 4]], [np.inf], "finite"),
        ([[2, 0, 2, 4]], [1.0], "ends right of and below"),
        ([[0, 4, 2, 0]], [1.0], "ends right of and below"),
    ],
)
def test_what_is_no_box_is_refused(corners, ratings, problem):
    with pytest.raises(ValueError, match=problem):
        Boxes(corners, ratings, [0] * len(ratings))


def test_boxes_are_chosen_and_placed():
    assert TWO.chosen(np.array([False, True])) == Boxes([[1, 1, 2, 2]], [-2.0], [1])
    assert TWO.chosen(np.array([1, 0])).chosen(np.array([1, 0])) == TWO
    assert TWO.placed((2, 0.5), (1, 3)) == Boxes([[1, 3, 5, 5], [3, 3.5, 5, 4]], [1.5, -2], [0, 1])


def test_there_may_be_none():
    assert len(Boxes.none()) == 0
    assert Boxes.none().placed((2, 2), (0, 0)) == Boxes.none()
    assert Boxes.none() != TWO
