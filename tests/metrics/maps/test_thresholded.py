import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_otsu

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.maps.thresholded import SHARES, ious_at_shares, otsu_threshold


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from(["normal", "gamma", "two"]))
def test_otsu_is_that_of_scikit_image(seed, kind):
    rng = np.random.default_rng(seed)
    values = {
        "normal": lambda: np.maximum(rng.normal(size=900), 0),
        "gamma": lambda: rng.gamma(0.5, size=900),
        "two": lambda: np.concatenate([rng.normal(1, 0.1, 600), rng.normal(3, 0.2, 300)]),
    }[kind]()
    assert otsu_threshold(values) == pytest.approx(threshold_otsu(values, nbins=256))


def _square():
    lesions = np.zeros((1, 30, 30), bool)
    lesions[0, 10:20, 10:20] = True
    return lesions, np.ones((30, 30), bool)


def test_overlap_at_every_share_is_that_of_the_plain_count():
    rng = np.random.default_rng(0)
    lesions, inside = _square()
    inside[:, :3] = False
    values = rng.normal(size=(30, 30)).astype(np.float32)
    found = ious_at_shares(values, lesions, inside)
    assert tuple(found) == SHARES
    top = max(values[y, x] for y, x in np.argwhere(inside))
    for share, iou in found.items():
        strong = {(y, x) for y, x in np.argwhere(inside) if values[y, x] >= share * float(top)}
        lesion = {(y, x) for y, x in np.argwhere(lesions[0] & inside)}
        assert iou == pytest.approx(len(strong & lesion) / len(strong | lesion))


def test_blob_on_the_lesion_is_found_and_elsewhere_not():
    lesions, inside = _square()
    on = lesions[0].astype(np.float32) * 3 + 0.1
    assert METRICS["iou_otsu"](on, lesions, inside) == 1
    assert METRICS["iou_otsu"](np.roll(on, 15, axis=0), lesions, inside) == 0
    assert METRICS["iou_otsu"](on * 7, lesions, inside) == 1


def test_maps_and_cases_without_anything_have_reasons():
    lesions, inside = _square()
    flat = np.zeros((30, 30), np.float32)
    for score in (METRICS["iou_otsu"](flat, lesions, inside), ious_at_shares(flat, lesions, inside),
                  METRICS["iou_otsu"](flat + 1, lesions[:0], inside)):  # fmt: skip
        assert isinstance(score, Undefined)
