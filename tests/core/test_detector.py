import math

import pytest

from xaudit.core.detector import InputSpec, OperatingPoint


@pytest.mark.parametrize(
    ("mean", "std", "said"),
    [
        ((89.25,), (63.75,), r"mean .* got \[89.25\]; .* divide by 255 \(mean: \[0.35\]\)"),
        ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), r"mean: \[0.485, 0.456, 0.406\]"),
        ((0.35,), (63.75,), r"std .* got \[63.75\]; .* divide by 255 \(std: \[0.25\]\)"),
        ((-123.0,), (1.0,), "divide by 255"),
        ((0.0,), (255.0,), "divide by 255"),
    ],
)
def test_mean_and_std_of_another_scale_are_refused(mean, std, said):
    with pytest.raises(ValueError, match=said):
        InputSpec(64, 64, mean=mean, std=std)


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0,), (1.0,)), ((0.5,), (0.5,)), ((0.0,), (1 / 255,)), ((0.5,), (1 / 2048,)),
     ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), ((0.485,), (1 / 255,))],
)  # fmt: skip
def test_scales_that_are_in_use_are_taken(mean, std):
    assert InputSpec(64, 64, mean=mean, std=std).std == std


def test_the_edge_says_whether_the_threshold_itself_counts():
    for logit in (0.0, -1.5, 2.2, math.log(0.3 / 0.7)):
        plain, inclusive = (OperatingPoint("p", logit, "fixed", "", one) for one in (False, True))
        beyond = math.nextafter(logit, math.inf), math.nextafter(logit, -math.inf)
        assert [one > plain.edge for one in (beyond[0], logit, beyond[1])] == [True, False, False]
        assert [one > inclusive.edge for one in (beyond[0], logit, beyond[1])] == [
            True,
            True,
            False,
        ]
