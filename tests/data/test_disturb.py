from dataclasses import replace

import numpy as np
import pytest

from xaudit.data.disturb import (
    DISTURBANCES,
    disturbed,
    in_both,
    mapped_back,
    noisy_copies,
)
from xaudit.testing import planted_case


@pytest.fixture
def smooth():
    case = planted_case([], (48, 40))
    y, x = np.mgrid[:48, :40]
    picture = 0.5 + 0.3 * np.sin(x / 6) * np.cos(y / 7)
    inside = case.inside.copy()
    inside[:, :3] = False
    image = np.where(inside, picture, 0.0)[None].astype(np.float32)
    return replace(case, image=image, inside=inside)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_an_image_changes_a_little_and_padding_never(smooth, name):
    changed = disturbed(smooth, DISTURBANCES[name], 1)
    assert changed.case is smooth.case
    assert changed.image.dtype == np.float32
    difference = np.abs(changed.image - smooth.image)[0]
    assert (difference[~smooth.inside] == 0).all()
    assert 0 < difference[:, 6:].max() < 0.15
    assert 0 <= changed.image.min() <= changed.image.max() <= 1
    again = disturbed(smooth, DISTURBANCES[name], 1)
    assert (again.image == changed.image).all()


def test_noise_is_two_gray_levels(smooth):
    changed = disturbed(smooth, DISTURBANCES["noise"], 5)
    difference = (changed.image - smooth.image)[0][smooth.inside]
    assert difference.std() * 255 == pytest.approx(2, rel=0.1)
    assert (disturbed(smooth, DISTURBANCES["noise"], 6).image != changed.image).any()


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_map_that_follows_the_image_comes_back_where_it_was(smooth, name):
    disturbance = DISTURBANCES[name]
    seen = in_both(smooth.inside, disturbance, smooth.grid)
    followed = disturbed(smooth, disturbance, 1).image[0]
    error = np.abs(mapped_back(followed, disturbance, smooth.grid) - smooth.image[0])[seen]
    assert error.max() < 0.06
    assert seen.mean() > 0.7
    assert not (seen & ~smooth.inside).any()


def test_turns_go_both_ways_and_maps_are_turned_back(smooth):
    spot = np.zeros((48, 40), np.float32)
    spot[24, 36] = 1
    case = replace(smooth, image=spot[None])
    left = disturbed(case, DISTURBANCES["rotate_left"], 0).image[0]
    right = disturbed(case, DISTURBANCES["rotate_right"], 0).image[0]
    rows = np.arange(48)
    heights = [float((one.sum(1) * rows).sum() / one.sum()) for one in (left, right)]
    # Counterclockwise: what lies right of the middle goes up, by 16.5 · sin 2°.
    assert heights[0] == pytest.approx(24 - 0.576, abs=0.1)
    assert heights[1] == pytest.approx(24 + 0.576, abs=0.1)


def test_nothing_is_turned_back_that_was_not_turned(smooth):
    assert in_both(smooth.inside, DISTURBANCES["jpeg"], smooth.grid) is smooth.inside
    values = smooth.image[0]
    assert mapped_back(values, DISTURBANCES["noise"], smooth.grid) is values


def test_noisy_copies_are_cases_of_their_own_around_the_image(smooth):
    copies = noisy_copies(smooth, 60, 3)
    assert len({one.case.case_id for one in copies}) == 60
    images = np.stack([one.image for one in copies])
    assert (images[:, 0, ~smooth.inside] == smooth.image[0, ~smooth.inside]).all()
    spread = np.ptp(smooth.image[0, smooth.inside])
    assert images.std(axis=0)[0, smooth.inside].mean() == pytest.approx(0.15 * spread, rel=0.05)
    assert np.allclose(images.mean(axis=0), smooth.image, atol=0.1)
    assert all((one.image == two.image).all()
               for one, two in zip(copies, noisy_copies(smooth, 60, 3), strict=True))  # fmt: skip
