"""Boxes on the pictures of the card: where they lie there, which are shown, and what they find."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from xaudit.audit.gallery.shown_boxes import shown_boxes
from xaudit.audit.scores.drawn_boxes import found_rows, lesion_rows, rule_row
from xaudit.core.boxes import Boxes
from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.data.annotations.masks import Box
from xaudit.data.image_file import ImageFile

SPEC = InputSpec(50, 50)
"""A film of 100 x 200 pixels is halved twice, with bars of 12 and 13 pixels beside it."""


@pytest.fixture
def case(tmp_path):
    path = tmp_path / "film.png"
    Image.fromarray(np.zeros((200, 100), dtype=np.uint8)).save(path)
    return Case("film", "p", label=True, image=ImageFile(path), lesions=(Box(0, 0, 40, 40),))


def shown(case, boxes, iou=0.5, edge=0.0):
    rows = [rule_row(iou), *lesion_rows(case), *found_rows("film", boxes)]
    gallery = [SimpleNamespace(case_id="film"), SimpleNamespace(case_id="other")]
    return shown_boxes(gallery, rows, {"film": case}, SPEC, edge)


def test_boxes_lie_on_the_letterboxed_picture(case):
    boxes = Boxes([[0, 0, 40, 40], [60, 100, 100, 200]], [2.0, 1.0], [0, 0])
    found, amiss = shown(case, boxes)["film"]
    np.testing.assert_allclose(found.corners, np.array([12, 0, 22, 10]) / 50)
    np.testing.assert_allclose(amiss.corners, np.array([27, 25, 37, 50]) / 50)
    assert (found.finds, amiss.finds) == (True, False)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-2)))


def test_only_boxes_above_the_point_are_shown_and_of_many_the_surest(case):
    boxes = Boxes([[0, 0, 40, 40]] * 30, np.arange(30) - 5.0, [0] * 30)
    shown_here = shown(case, boxes)["film"]
    assert len(shown_here) == 20
    assert shown_here[0].probability > shown_here[-1].probability > 0.5
    assert shown(case, boxes, edge=100.0) == {}


def test_the_center_decides_where_that_is_the_rule(case):
    boxes = Boxes([[10, 10, 14, 14], [39, 39, 60, 60]], [2.0, 1.0], [0, 0])
    assert [one.finds for one in shown(case, boxes, iou=None)["film"]] == [True, False]
    assert [one.finds for one in shown(case, boxes)["film"]] == [False, False]


def test_where_nothing_is_annotated_nothing_is_found(case, tmp_path):
    normal = Case("film", "p", label=False, image=case.image)
    boxes = Boxes([[0, 0, 40, 40]], [2.0], [0])
    for iou in (0.5, None):
        (one,) = shown(normal, boxes, iou)["film"]
        assert not one.finds
