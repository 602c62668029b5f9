"""The public helpers for tests give the answers that they promise."""

from __future__ import annotations

import numpy as np
import pytest

from xaudit.core.detector import Detector
from xaudit.core.grid import Grid
from xaudit.errors import DataError
from xaudit.testing import FakeDetector, MaskRegion, disc, planted_case, planted_map, tiny_study


def test_fake_detector_is_linear_in_its_pixels():
    weights = np.arange(72, dtype=np.float32).reshape(1, 8, 9)
    detector = FakeDetector(weights, bias=2.0)
    port: Detector = detector
    images = np.random.default_rng(0).random((5, 1, 8, 9), dtype=np.float32)
    expected = [float((image * weights).sum()) + 2 for image in images.astype(float)]
    assert np.allclose(port.logits(images), expected)
    assert (port.input.height, port.input.width, port.input.channels) == (8, 9, 1)
    assert detector.batches == [5]


def test_planted_map_has_its_share_in_the_mask():
    mask = disc((20, 30), (8, 9), 4)
    values = planted_map(mask, 0.7)
    assert values[mask].sum() == pytest.approx(0.7, abs=1e-5)
    assert values.sum() == pytest.approx(1.0, abs=1e-5)


def test_planted_case_is_brighter_in_its_lesion():
    lesion = disc((32, 24), (10, 10), 4)
    case = planted_case([lesion], (32, 24))
    assert case.case.label
    assert case.image.shape == (1, 32, 24)
    assert case.image[0][lesion].mean() > case.image[0][~lesion].mean() + 0.2
    normal = planted_case([], (32, 24))
    assert normal.lesions.shape == (0, 32, 24)
    assert not normal.case.label


def test_tiny_study_is_on_disk_with_lesions_and_groups(tmp_path):
    study = tiny_study(tmp_path / "tiny", patients=4)
    assert study.listed == len(study.cases) >= 4
    assert all(case.image.exists() for case in study.cases)
    assert {case.label for case in study.cases} == {True, False}
    fractured = next(case for case in study.cases if case.lesions)
    with pytest.raises(DataError, match="mask of"):
        fractured.lesions[0].rasterize(Grid((3, 3)))


def test_mask_outline_returns_its_mask():
    mask = disc((5, 6), (2, 2), 1)
    assert np.array_equal(MaskRegion(mask).rasterize(Grid((5, 6))), mask)
