from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from xaudit.core.case import Case, PreparedCase
from xaudit.core.grid import Grid
from xaudit.data.corruptions.noise import add_noise
from xaudit.data.corruptions.resolution import resample
from xaudit.data.image_file import ImageFile
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.data.transforms.degrade import degraded, degraded_lesions, expose, turn


@pytest.fixture(scope="module")
def image():
    rows, columns = np.mgrid[:64, :48]
    smooth = 0.5 + 0.3 * np.sin(rows / 9) * np.cos(columns / 7)
    fine = 0.05 * ((rows + columns) % 2)
    return (smooth + fine).astype(np.float32)[None]


def prepared(image, tmp_path, inside=None):
    inside = np.ones(image.shape[1:], dtype=bool) if inside is None else inside
    case = Case("a", "a", True, ImageFile(tmp_path / "a.png"))
    lesions = np.zeros((0, *image.shape[1:]), dtype=bool)
    return PreparedCase(case, image, lesions, inside, *[Grid(image.shape[1:])] * 2)


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_every_step_is_worse_than_the_one_before(name, image):
    corruption = CORRUPTIONS[name]
    away = [
        float(np.square(corruption.change(image, severity, 1) - image).mean())
        for severity in corruption.severities
    ]
    assert away == sorted(away)
    assert away[0] > 0


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_padding_and_range_stay(name, image, tmp_path):
    inside = np.zeros((64, 48), dtype=bool)
    inside[4:60, 6:40] = True
    padded = np.where(inside, image, 0).astype(np.float32)
    case = prepared(padded, tmp_path, inside)
    worst = degraded(case, CORRUPTIONS[name], CORRUPTIONS[name].severities[-1], 3).image
    assert worst.dtype == np.float32
    assert not worst[:, ~inside].any()
    assert 0 <= worst.min() <= worst.max() <= 1


def test_padding_does_not_bleed_into_the_image(tmp_path):
    """A white image beside black padding stays white up to its border."""
    inside = np.zeros((64, 48), dtype=bool)
    inside[:, 12:36] = True
    case = prepared(np.where(inside, 1, 0).astype(np.float32)[None], tmp_path, inside)
    for name in ("blur", "resolution", "rotation"):
        worst = degraded(case, CORRUPTIONS[name], CORRUPTIONS[name].severities[-1], 3).image
        np.testing.assert_allclose(worst[:, inside], 1, atol=1e-5)


@given(st.floats(0.5, 40), st.integers(0, 9))
def test_noise_is_as_strong_as_it_says(levels, seed):
    flat = np.full((1, 200, 200), 0.5, dtype=np.float32)
    noisy = add_noise(flat, levels, seed)
    assert noisy.std() * 255 == pytest.approx(levels, rel=0.03)
    np.testing.assert_array_equal(noisy, add_noise(flat, levels, seed))


def test_turning_there_and_back_is_nearly_nothing(image):
    smooth = resample(image, 25)
    back = turn(turn(smooth, 10), -10)
    np.testing.assert_allclose(back[:, 16:48, 12:36], smooth[:, 16:48, 12:36], atol=0.02)


def test_exposure_is_proportional(image):
    np.testing.assert_allclose(expose(image, 60), 0.6 * image, rtol=1e-6)


def test_hairline_lesion_stays_when_the_image_is_turned(image, tmp_path):
    case = prepared(image, tmp_path)
    line = np.zeros((1, *image.shape[1:]), dtype=bool)
    line[0, 20, 10:36] = True
    line = replace(case, lesions=line)
    for severity in CORRUPTIONS["rotation"].severities:
        (turned,) = degraded_lesions(line, CORRUPTIONS["rotation"], severity).lesions
        _, pieces = ndimage.label(turned, np.ones((3, 3)))
        assert pieces == 1
        assert turned.any(axis=0).sum() >= 26 * np.cos(np.radians(severity)) - 1
