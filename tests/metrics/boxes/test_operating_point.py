import numpy as np
import pytest

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes.marks import free_response
from xaudit.metrics.boxes.operating_point import (
    false_boxes_per_image,
    false_boxes_per_normal_image,
    hit_iou,
    lesion_sensitivity,
)

RNG = np.random.default_rng
LESION = Boxes([[0, 0, 10, 10]], [0.0], [0])
TWO = Boxes([[0, 0, 10, 10], [20, 0, 30, 10]], [0.0, 0.0], [0, 0])
DRAWN = [
    Boxes([[0, 0, 10, 8], [50, 50, 60, 60]], [2.0, 0.5], [0, 0]),  # one hit, one false
    Boxes([[0, 0, 10, 6], [20, 0, 30, 10]], [1.0, -1.0], [0, 0]),  # two hits
    Boxes([[5, 5, 9, 9], [70, 5, 80, 9]], [0.9, 0.1], [0, 0]),  # both false, nothing there
    Boxes.none(),
]
FILMS = free_response(DRAWN, [LESION, TWO, Boxes.none(), Boxes.none()], ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("threshold", "found", "false", "normal", "iou"),
    [
        (-5.0, 3, 3 / 4, 1.0, (0.8 + 0.6 + 1) / 3),
        (0.5, 2, 2 / 4, 0.5, 0.7),
        (1.0, 2, 0.0, 0.0, 0.7),
        (1.5, 1, 0.0, 0.0, 0.8),
        (2.5, 0, 0.0, 0.0, None),
    ],
)
def test_what_is_found_and_drawn_amiss_by_hand(threshold, found, false, normal, iou):
    seen = lesion_sensitivity(FILMS.marks, threshold)
    assert (seen.k, seen.n, seen.value) == (found, 3, found / 3)
    assert false_boxes_per_image(FILMS.marks, threshold, RNG(0), 50).value == false
    assert false_boxes_per_normal_image(FILMS.marks, threshold, RNG(0), 50).value == normal
    fits = hit_iou(FILMS, threshold, RNG(0), 50)
    if iou is None:
        assert str(fits.undefined) == "no lesion is found"
    elif found == 1:
        assert "1 patients" in str(fits.undefined) or fits.value == pytest.approx(iou)
    else:
        assert fits.value == pytest.approx(iou)


def test_intervals_are_over_patients():
    """Four lesions of one patient say no more than one does."""
    films = [LESION] * 40
    drawn = [LESION if i % 8 < 4 else Boxes.none() for i in range(40)]
    alone = free_response(drawn, films, [f"{i:02}" for i in range(40)]).marks
    four = free_response(drawn, films, [f"{i // 4:02}" for i in range(40)], unit="child").marks
    spread = [
        one.high - one.low
        for one in (lesion_sensitivity(alone, 0.0), lesion_sensitivity(four, 0.0))
    ]
    assert spread[1] > 1.6 * spread[0]
    told = lesion_sensitivity(four, 0.0)
    assert (told.clusters, told.n, told.unit) == (10, 40, "child")


def test_what_does_not_exist_has_a_reason():
    nothing = [Boxes.none()] * 3
    normal = free_response(nothing, nothing, ["a", "b", "c"])
    assert str(lesion_sensitivity(normal.marks, 0.0).undefined) == "no lesions"
    assert str(hit_iou(normal, 0.0, RNG(0)).undefined) == "no lesions"
    ill = free_response(nothing, [LESION] * 3, ["a", "b", "c"]).marks
    told = false_boxes_per_normal_image(ill, 0.0, RNG(0))
    assert str(told.undefined) == "no images without a lesion"
    nobody = free_response([], [], []).marks
    assert str(false_boxes_per_image(nobody, 0.0, RNG(0)).undefined) == "no cases"
    with pytest.raises(ValueError, match="finite number"):
        lesion_sensitivity(ill, float("nan"))
