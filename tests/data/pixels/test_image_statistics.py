from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from xaudit.core.grid import Grid
from xaudit.data.pixels.image_statistics import IMAGE_STATISTICS, image_statistics
from xaudit.testing import disc, planted_case


def case_of(image, inside=None, size=(512, 256)):
    case = planted_case([disc(image.shape, (9, 14), 4)], image.shape, seed=4)
    pixels = np.asarray(image, dtype=np.float32)[None]
    inside = np.ones(image.shape, dtype=bool) if inside is None else inside
    return replace(case, image=pixels, inside=inside, source=Grid(size))


def statistics(case):
    return dict(zip(IMAGE_STATISTICS, image_statistics(case).tolist(), strict=True))


def noisy(sigma, seed=1, size=96):
    ramp = np.linspace(0.3, 0.6, size)[:, None] * np.ones(size)
    return ramp + np.random.default_rng(seed).normal(0, sigma, (size, size))


def test_gray_levels_are_those_of_numpy():
    image = noisy(0.05)
    found = statistics(case_of(image))
    assert found["mean"] == pytest.approx(image.mean(), abs=1e-6)
    assert found["spread"] == pytest.approx(image.std(), abs=1e-6)
    for name, share in (("quantile_05", 5), ("quantile_50", 50), ("quantile_95", 95)):
        assert found[name] == pytest.approx(np.percentile(image, share), abs=1e-6)


@pytest.mark.parametrize("sigma", [0.01, 0.05])
def test_noise_is_the_one_that_was_added(sigma):
    image = noisy(sigma)
    found = statistics(case_of(image))["noise"]
    assert found == pytest.approx(sigma, rel=0.05)


def test_noise_is_that_of_the_mask_of_immerkaer():
    image, mask = noisy(0.03, seed=2), np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    height, width = image.shape
    total = np.abs(signal.convolve2d(image, mask, mode="valid")).sum()
    expected = (np.pi / 2) ** 0.5 * total / (6 * (width - 2) * (height - 2))
    assert statistics(case_of(image))["noise"] == pytest.approx(expected, rel=1e-4)


def test_sharpness_is_the_spread_of_the_laplacian_and_falls_with_blur():
    image = noisy(0.05)
    plus = image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:]
    expected = (plus - 4 * image[1:-1, 1:-1]).std()
    assert statistics(case_of(image))["sharpness"] == pytest.approx(expected, rel=1e-4)
    blurred = (image + np.roll(image, 1, 0) + np.roll(image, 1, 1)) / 3
    assert statistics(case_of(blurred))["sharpness"] < 0.5 * expected


def test_size_is_that_of_the_file_and_padding_is_outside():
    image, inside = noisy(0.05), np.zeros((96, 96), dtype=bool)
    inside[:, 20:70] = True
    padded = np.where(inside, image, 0.0)
    found = statistics(case_of(padded, inside))
    assert (found["log2_height"], found["log2_width"]) == (9.0, 8.0)
    assert found["mean"] == pytest.approx(image[:, 20:70].mean(), abs=1e-6)
    # The edge of the padding is no sharpness of the image.
    assert found["sharpness"] == pytest.approx(statistics(case_of(image))["sharpness"], rel=0.1)


def test_a_strip_without_inner_pixels_and_a_constant_image_have_finite_numbers():
    inside = np.zeros((96, 96), dtype=bool)
    inside[:, 40:42] = True
    for case in (case_of(noisy(0.05), inside), case_of(np.full((96, 96), 0.5))):
        assert np.isfinite(image_statistics(case)).all()


def test_color_is_read_as_gray():
    image = noisy(0.05)
    gray, color = case_of(image), case_of(image)
    color = replace(color, image=np.repeat(color.image, 3, axis=0))
    np.testing.assert_allclose(image_statistics(color), image_statistics(gray), rtol=1e-4)
