"""Shared outlines: by hand, and pairs of lesions against every way to pair them."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.metrics.outlines import dice, matched


def square(x, y, size=4):
    mask = np.zeros((20, 20), bool)
    mask[y : y + size, x : x + size] = True
    return mask


def test_dice_by_hand():
    assert dice(square(0, 0), square(0, 0)) == 1
    assert dice(square(0, 0), square(10, 10)) == 0
    assert dice(square(0, 0), square(2, 0)) == 0.5
    with pytest.raises(ValueError, match="neither"):
        dice(np.zeros((2, 2), bool), np.zeros((2, 2), bool))
    with pytest.raises(ValueError, match="one shape"):
        dice(np.ones((2, 2), bool), np.ones((2, 3), bool))


def slow(first, second, iou):
    if len(first) > len(second):
        first, second = second, first
    good = [[(a & b).sum() / (a | b).sum() >= iou for b in second] for a in first]
    return max(
        sum(good[i][j] for i, j in enumerate(chosen))
        for chosen in permutations(range(len(second)), len(first))
    )


places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=4)


@settings(max_examples=60)
@given(places, places, st.sampled_from([0.1, 0.25, 0.5]))
def test_most_pairs_are_found(first, second, iou):
    one, other = ([square(*place) for place in places] for places in (first, second))
    assert matched(one, other, iou) == slow(one, other, iou)
