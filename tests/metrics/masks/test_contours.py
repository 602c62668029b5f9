import warnings

import numpy as np
import pytest
import surface_distance
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.metric import Undefined
from xaudit.metrics.masks.contours import hd95, hd95_px, surface_dice

RNG = np.random.default_rng
ALL = np.ones((24, 30), bool)


def _mask(*boxes):
    mask = np.zeros(ALL.shape, bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def _random(rng):
    mask = rng.random(ALL.shape) < rng.choice([0.02, 0.3, 0.9])
    top, left = rng.integers(0, 12, 2)
    return mask & _mask((top, left, top + 11, left + 15))


def _theirs(first, second, spacing):
    """The library asks scipy for functions under names that it gives up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return surface_distance.compute_surface_distances(second, first, spacing)


@given(st.integers(0, 10**6), st.sampled_from([(1.0, 1.0), (0.15, 0.15), (0.3, 0.2)]))
@settings(max_examples=60, deadline=None)
def test_distances_are_those_of_surface_distance(seed, spacing):
    rng = RNG(seed)
    first, second = _random(rng), _random(rng)
    if not (first.any() and second.any()):
        return
    theirs = _theirs(first, second, spacing)
    found = hd95(first, second[None], ALL, spacing)
    assert found == pytest.approx(surface_distance.compute_robust_hausdorff(theirs, 95))
    for tolerance in (0.1, 0.5, 2.0):
        share = surface_distance.compute_surface_dice_at_tolerance(theirs, tolerance)
        assert surface_dice(first, second[None], ALL, spacing, f"{tolerance} mm") == pytest.approx(
            share
        )
    if spacing == (1.0, 1.0):
        assert hd95_px(first, second[None], ALL) == found


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_turned_over_or_seen_from_the_other_side_the_numbers_are_the_same(seed):
    rng = RNG(seed)
    first, second = _random(rng), _random(rng)
    spacing = (0.3, 0.2)
    found = [
        hd95(one, other[None], np.ones(one.shape, bool), (pixel[0], pixel[1]))
        for one, other, pixel in (
            (first, second, spacing),
            (first[::-1], second[::-1], spacing),
            (first[:, ::-1], second[:, ::-1], spacing),
            (first.T, second.T, spacing[::-1]),
        )
    ]
    assert len(set(map(str, found))) == 1
    if first.any() and second.any():
        assert found[0] == hd95(second, first[None], ALL, spacing)
        there = [surface_dice(*both, ALL, spacing, "0.5 mm") for both in
                 ((first, second[None]), (second, first[None]))]  # fmt: skip
        assert there[0] == pytest.approx(there[1])


def test_by_hand():
    lesion = _mask((5, 5, 15, 15))
    assert hd95(lesion, lesion[None], ALL, (0.2, 0.2)) == 0
    assert surface_dice(lesion, lesion[None], ALL, None, "0 px") == 1
    aside = _mask((5, 8, 15, 18))
    assert hd95_px(aside, lesion[None], ALL) == 3
    assert hd95(aside, lesion[None], ALL, (1.0, 0.5)) == 1.5
    # Of each outline the sides above and below lie on the other but for 3 of 10 pixels.
    assert surface_dice(aside, lesion[None], ALL, None, "3 px") == 1
    assert surface_dice(aside, lesion[None], ALL, (1.0, 1.0), "2.9 mm") < 1


def test_what_lies_on_padding_is_not_seen():
    lesion, inside = _mask((5, 5, 15, 15)), ALL.copy()
    inside[:, 20:] = False
    speck = lesion | _mask((0, 25, 5, 30))
    assert hd95_px(speck, lesion[None], ALL) > 0
    assert hd95_px(speck, lesion[None], inside) == 0


def _reason(score):
    assert isinstance(score, Undefined)
    return str(score.reason)


def test_what_has_no_distance_has_a_reason():
    lesion, nothing = _mask((5, 5, 15, 15)), _mask()
    assert _reason(hd95(lesion, lesion[None], ALL, None)) == "the pixel spacing is not known"
    assert "millimeters" in _reason(surface_dice(lesion, lesion[None], ALL, None, "2 mm"))
    assert _reason(hd95_px(nothing, lesion[None], ALL)) == "nothing is segmented"
    assert surface_dice(nothing, lesion[None], ALL, None, "2 px") == 0
    for name in (hd95_px, surface_dice):
        assert "one is segmented" in _reason(name(lesion, nothing[None], ALL, (1.0, 1.0)))
        assert "none is segmented" in _reason(name(nothing, nothing[None], ALL, (1.0, 1.0)))
