"""Scores of images and of single boxes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xaudit.errors import DetectorError
from xaudit.models.heads.box_score import BoxHead, BoxScore, noisy_or, overlaps
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.models.heads.output import OutputSpec

GRID = (100, 120)
LIST, DENSE = "torchvision", "yolov8"


def head_of(layout=LIST, positive=1, **declared):
    return BoxHead(OutputSpec("boxes", positive, boxes=BoxesSpec(layout, **declared)), GRID)


def listed(*rows, labels=None):
    """Rows of left, top, right, bottom, probability, as torchvision returns them."""
    table = torch.tensor(rows, dtype=torch.float64).reshape(-1, 5)
    labels = torch.ones(len(table)) if labels is None else torch.tensor(labels)
    return {"boxes": table[:, :4], "scores": table[:, 4], "labels": labels}


def dense(*rows):
    """The same as one tensor, (1, 5, A)."""
    table = torch.tensor(rows, dtype=torch.float64)
    low, high = table[:, :2], table[:, 2:4]
    return torch.cat([(low + high) / 2, high - low, table[:, 4:]], dim=1).T[None]


def logit(p):
    return np.log(p / (1 - p))


FIRST, SECOND = (10, 10, 30, 30, 0.8), (60, 60, 80, 90, 0.6)


def test_the_score_of_an_image_is_that_of_its_best_box():
    scores = head_of().score([listed(SECOND, FIRST), listed(SECOND)], 2)
    assert scores.tolist() == pytest.approx([logit(0.8), logit(0.6)])


def test_an_image_without_boxes_has_the_score_of_the_threshold_and_none_a_lower_one():
    few = (0, 0, 9, 9, 0.01)
    scores = head_of(threshold=0.05).score([listed(), listed(few), listed(SECOND)], 3)
    assert scores.tolist() == pytest.approx([logit(0.05), logit(0.05), logit(0.6)])
    assert head_of(DENSE, 0, threshold=0.05).score(dense(few), 1).tolist() == [
        pytest.approx(logit(0.01))
    ]


def test_boxes_say_together_that_not_all_of_them_are_wrong():
    double = (11, 10, 30, 30, 0.7)
    weak = (90, 0, 99, 9, 0.04)
    head = head_of(rule="noisy_or", threshold=0.05)
    together = 1 - (1 - 0.8) * (1 - 0.6)
    assert head.score([listed(FIRST, SECOND, weak)], 1).tolist() == [pytest.approx(logit(together))]
    # What is taken for a double says nothing: of `dense` layouts doubles are taken out.
    head = head_of(DENSE, 0, rule="noisy_or", threshold=0.05)
    found = head.score(dense(FIRST, double, SECOND, weak), 1)
    assert found.tolist() == [pytest.approx(logit(together))]
    # Where no box is sure enough, the best speaks.
    assert head.score(dense(weak), 1).tolist() == [pytest.approx(logit(0.04))]


@given(st.lists(st.floats(1e-9, 0.999), min_size=1, max_size=6))
def test_noisy_or_is_that_of_the_definition(chances):
    logits = torch.tensor([logit(one) for one in chances], dtype=torch.float64)
    none = np.prod([1 - one for one in chances])
    expected = np.log(1 - none) - np.log(none) if none < 1 - 1e-6 else np.log(sum(chances))
    assert noisy_or(logits).item() == pytest.approx(expected, abs=1e-5)


def test_noisy_or_of_extremes_is_finite():
    for value in (-46.0, 16.6, 400.0):
        together = noisy_or(torch.tensor([value], dtype=torch.float32))
        assert together.item() == pytest.approx(value, rel=1e-5)


def test_probabilities_of_0_and_1_are_clipped():
    head = head_of(DENSE, 0)
    low, high = head.output.clipping
    for chance, expected in ((0.0, low), (1.0, high)):
        assert head.score(dense((*FIRST[:4], chance)), 1).item() == pytest.approx(expected)


def test_drawn_boxes_end_where_the_grid_ends():
    rows = (-5, 90, 20, 130, 0.9), (119, 0, 150, 10, 0.8), (120, 0, 150, 9, 0.7), (5, 5, 5, 9, 0.6)
    (drawn,) = head_of().boxes([listed(*rows)], 1)
    assert drawn.corners.tolist() == [[0, 90, 20, 100], [119, 0, 120, 10]]
    assert drawn.ratings.tolist() == pytest.approx([logit(0.9), logit(0.8)])


def test_the_best_boxes_come_first_and_no_more_than_declared():
    rows = [(5 * at, 0, 5 * at + 4, 9, chance) for at, chance in enumerate((0.2, 0.9, 0.5, 0.7))]
    (drawn,) = head_of(most=3).boxes([listed(*rows)], 1)
    assert drawn.ratings.tolist() == pytest.approx([logit(one) for one in (0.9, 0.7, 0.5)])
    (drawn,) = head_of(threshold=0.6).boxes([listed(*rows)], 1)
    assert len(drawn) == 2


def test_boxes_of_other_classes_do_not_count():
    output = [listed(FIRST, SECOND, labels=[3, 1])]
    (drawn,) = head_of().boxes(output, 1)
    assert drawn.classes.tolist() == [1]
    assert head_of().score(output, 1).tolist() == [pytest.approx(logit(0.6))]
    (drawn,) = head_of(positive=(1, 3)).boxes(output, 1)
    assert drawn.classes.tolist() == [3, 1]


def test_no_boxes_are_no_error():
    assert [len(one) for one in head_of().boxes([listed(), listed(FIRST)], 2)] == [0, 1]


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(DetectorError, match="image 1 of a batch: a score of a box is no number"):
        head_of().boxes([listed(), listed((0, 0, 9, 9, np.nan))], 2)


def one_box(reference, overlap=0.5, **head):
    return BoxScore(head_of(**head), reference, overlap)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_box_is_found_by_where_it_is_and_how_sure_it_is(order):
    near = (12, 10, 32, 30, 0.5)
    rows = [FIRST, SECOND, near]
    target = one_box(FIRST[:4])
    scores = target.score([listed(*(rows[at] for at in order))], 1)
    assert scores.tolist() == [pytest.approx(logit(0.8))]
    # Surer and a bit beside: IoU 18/22 times 0.99 is more than 1 times 0.8.
    rows[2] = (*near[:4], 0.99)
    scores = target.score([listed(*(rows[at] for at in order))], 1)
    assert scores.tolist() == [pytest.approx(logit(0.99))]


def test_a_neighbor_does_not_take_over_where_the_box_is_gone():
    target = one_box(FIRST[:4], threshold=0.01)
    beside = (22, 10, 42, 30, 0.99)
    assert target.score([listed(beside, SECOND)], 1).tolist() == [pytest.approx(logit(0.01))]
    assert target.score([listed()], 1).tolist() == [pytest.approx(logit(0.01))]
    loose = one_box(FIRST[:4], overlap=0.1, threshold=0.01)
    assert loose.score([listed(beside)], 1).tolist() == [pytest.approx(logit(0.99))]


def test_of_a_dense_layout_the_nearest_box_answers():
    target = BoxScore(head_of(DENSE, 0), FIRST[:4])
    beside, further = (22, 10, 42, 30, 0.002), (26, 10, 46, 30, 0.9)
    assert target.score(dense(beside, further), 1).tolist() == [pytest.approx(logit(0.002))]


def test_the_score_of_a_box_can_be_differentiated():
    output = listed(SECOND, FIRST)
    output["scores"].requires_grad_(True)
    score = one_box(FIRST[:4]).score([output], 1)
    (slope,) = torch.autograd.grad(score.sum(), output["scores"])
    assert slope.tolist() == pytest.approx([0, 1 / (0.8 * 0.2)])


def test_targets_say_what_they_are():
    assert one_box((1, 2, 3, 4)).record == {
        "kind": "box_score", "columns": (1,), "reference": (1.0, 2.0, 3.0, 4.0), "overlap": 0.5
    }  # fmt: skip
    assert head_of(rule="noisy_or").record == {
        "kind": "box_score_of_image", "output": "boxes", "columns": (1,), "rule": "noisy_or"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "overlap", "expected"),
    [((3, 2, 3, 4), 0.5, "ends right of"), ((1, 2, 3, 4), 1.5, "overlap lies in")],
)
def test_what_is_no_reference(reference, overlap, expected):
    with pytest.raises(ValueError, match=expected):
        one_box(reference, overlap)


def test_overlaps_by_hand():
    corners = torch.tensor([[0.0, 0, 4, 4], [2, 2, 6, 6], [4, 0, 8, 4], [1, 1, 1, 3], [1, 1, 2, 2]])
    found = overlaps(corners, (0, 0, 4, 4))
    assert found.tolist() == pytest.approx([1, 4 / 28, 0, 0, 1 / 16])
