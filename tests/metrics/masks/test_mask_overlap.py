import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.masks import components, contours, overlap
from xaudit.metrics.masks.overlap import area_error, dice, mask_iou
from xaudit.metrics.masks.regions import emptiness

RNG = np.random.default_rng
ALL = np.ones((8, 9), bool)
NOTHING = np.zeros((8, 9), bool)
NAMES = ("dice", "mask_iou", "area_error", "hd95", "hd95_px", "surface_dice",
         "lesions_segmented", "false_components")  # fmt: skip


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_overlap_is_that_of_sets_of_pixels(seed):
    rng = RNG(seed)
    predicted, inside = rng.random((8, 9)) < 0.4, rng.random((8, 9)) < 0.8
    lesions = rng.random((2, 8, 9)) < 0.2
    drawn = {tuple(at) for at in np.argwhere(predicted & inside)}
    true = {tuple(at) for at in np.argwhere((lesions[0] | lesions[1]) & inside)}
    args = predicted, lesions, inside
    assert emptiness(*args) == "neither"
    assert dice(*args) == pytest.approx(2 * len(drawn & true) / (len(drawn) + len(true)))
    assert mask_iou(*args) == pytest.approx(len(drawn & true) / len(drawn | true))
    assert dice(*args) == pytest.approx(2 * mask_iou(*args) / (1 + mask_iou(*args)))
    assert area_error(*args) == pytest.approx(abs(len(drawn) - len(true)) / len(true))
    turned = predicted[:, ::-1], lesions[:, :, ::-1], inside[:, ::-1]
    for name in NAMES:
        assert METRICS[name](*args, (0.2, 0.3)) == METRICS[name](*turned, (0.2, 0.3)), name


def test_empty_masks_are_told_apart_and_never_a_number_by_silence():
    one = NOTHING.copy()
    one[2:4, 2:4] = True
    cases = {"both": (NOTHING, NOTHING), "reference": (one, NOTHING), "prediction": (NOTHING, one),
             "neither": (one, one)}  # fmt: skip
    for name, (predicted, lesion) in cases.items():
        assert emptiness(predicted, lesion[None], ALL) == name
    for score in (dice, mask_iou, area_error):
        assert isinstance(score(*cases["both"][:1], NOTHING[None], ALL), Undefined)
        assert str(score(one, NOTHING[None], ALL).reason) == (
            "no lesion is annotated, but one is segmented"
        )
        assert str(score(NOTHING, NOTHING[None], ALL).reason) == (
            "no lesion is annotated and none is segmented"
        )
        assert isinstance(score(one, np.empty((0, 8, 9), bool), ALL), Undefined)
        outside = score(one, one[None], ~one)
        assert str(outside.reason) == "no lesion inside the image"
    assert (dice(NOTHING, one[None], ALL), mask_iou(NOTHING, one[None], ALL)) == (0, 0)
    assert area_error(NOTHING, one[None], ALL) == 1
    assert dice(one, one[None], ALL) == mask_iou(one, one[None], ALL) == 1


def test_masks_that_are_none_are_refused():
    for args in ((ALL[:2], ALL[None], ALL), (ALL, ALL, ALL), (ALL, ALL[None, :3], ALL)):
        with pytest.raises(ValueError, match="are needed"):
            dice(*args)
    with pytest.raises(ValueError, match="masks are bool"):
        dice(ALL * 0.5, ALL[None], ALL)


def test_every_metric_of_masks_is_in_the_list_above():
    rooms = {module.__name__ for module in (overlap, contours, components)}
    assert {one for one in METRICS if METRICS[one].function.__module__ in rooms} == set(NAMES)
    assert {METRICS[one].facts.family for one in NAMES} == {"segmentation"}
