"""Every layout tells the same boxes, those that follow from the image."""

import numpy as np
import pytest
import torch
from drawing_networks import (
    BIAS,
    GAIN,
    OTHER,
    EndToEnd,
    Listing,
    Queries,
    Yolo5,
    Yolo8,
    cells,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.boxes import Boxes
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError, RegistryError
from xaudit.models.heads.box_score import BoxHead
from xaudit.models.heads.candidates import LAYOUTS
from xaudit.models.heads.dense import places
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.torch_detector import TargetScore

GRID = (64, 96)
SEEN = InputSpec(*GRID, channels=1, mean=(0.0,), std=(1.0,))
NETWORKS = {
    "yolov5": (Yolo5(), {}, 0),
    "yolov5 without sigmoid": (Yolo5(raw=True), {"activation": "sigmoid"}, 0),
    "yolov8": (Yolo8(), {}, 0),
    "end_to_end": (EndToEnd(), {}, 0),
    "torchvision": (Listing(), {}, 1),
    "detr": (Queries(), {"activation": "softmax"}, 0),
    "detr without last class": (Queries(last=False), {"activation": "sigmoid"}, 0),
}
"""Network, what is declared, and the number of the class."""


def module_of(name, positive=None, **declared):
    network, needs, column = NETWORKS[name]
    output = OutputSpec(
        "boxes", column if positive is None else positive,
        boxes=BoxesSpec(**{"threshold": 0.1, **needs, **declared}),
    )  # fmt: skip
    return TargetScore(network, SEEN, BoxHead(output, GRID))


def image(*bright):
    """Black but for cells of 8 pixels, at these rows and columns of cells."""
    planes = np.zeros((1, 1, *GRID), dtype=np.float32)
    for row, column in bright:
        planes[:, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 1
    return torch.from_numpy(planes)


def read(output, layout, grid=GRID, images=1, positive=0, **declared):
    spec = OutputSpec("boxes", positive, boxes=BoxesSpec(layout, **declared))
    head = BoxHead(spec, grid)
    return head.score(output, images), head.boxes(output, images)


@pytest.mark.parametrize("name", NETWORKS)
def test_boxes_scores_and_slopes_follow_from_the_image(name):
    module = module_of(name)
    pixels = torch.cat([image((2, 5)), image()]).requires_grad_(True)
    scores = module(pixels)
    expected = [GAIN - BIAS, -BIAS]
    if name == "torchvision":
        # Below its own threshold nothing comes; the declared one is the least score of an image.
        expected[1] = np.log(0.1 / 0.9)
    elif name == "end_to_end":
        # A table with other classes alone.
        expected[1] = np.log(0.1 / 0.9)
    assert scores.tolist() == pytest.approx(expected, abs=1e-4)
    (slopes,) = torch.autograd.grad(scores[0], pixels)
    assert slopes[0].sum().item() == pytest.approx(GAIN, rel=1e-3)
    inside = slopes[0, 0, 16:24, 40:48]
    assert inside.min().item() == pytest.approx(GAIN / 64, rel=1e-3)
    drawn = module.boxes(pixels.detach())[0]
    assert drawn.corners.tolist()[:1] == [pytest.approx([40, 16, 48, 24], abs=1e-4)]
    assert drawn.ratings[0] == pytest.approx(GAIN - BIAS, abs=1e-4)
    # The cell of twice the width has a quarter of the mean: 2 - 4, above the threshold of -2.197.
    if name not in {"torchvision", "end_to_end"}:
        assert drawn.ratings.tolist() == pytest.approx([4, -2], abs=1e-4)
        assert drawn.corners[1].tolist() == pytest.approx([32, 16, 48, 32], abs=1e-4)
    assert set(drawn.classes.tolist()) == {NETWORKS[name][2]}


@pytest.mark.parametrize("name", NETWORKS)
def test_flipped_images_have_flipped_boxes(name):
    module = module_of(name)
    pixels = image((1, 2), (1, 3), (6, 9))
    pixels[:, :, 8:16] *= 0.9
    upright, across, down = (
        module.boxes(one)[0] for one in (pixels, pixels.flip(3), pixels.flip(2))
    )
    width, height = GRID[1], GRID[0]
    for flipped, axis, side in ((across, 0, width), (down, 1, height)):
        back = flipped.corners.copy()
        back[:, [axis, axis + 2]] = side - flipped.corners[:, [axis + 2, axis]]
        turned = Boxes(back, flipped.ratings, flipped.classes)
        assert rows_of(turned) == rows_of(upright)
    assert len(upright)


def rows_of(boxes):
    rows = np.column_stack([boxes.corners, boxes.ratings, boxes.classes])
    return sorted(np.round(rows, 3).tolist())


@pytest.mark.parametrize("name", ["yolov5", "yolov8", "detr without last class"])
def test_other_classes_are_drawn_where_they_are_positive(name):
    module = module_of(name, positive=(0, 1), most=1000)
    drawn = module.boxes(image((2, 5)))[0]
    assert module(image()).tolist() == pytest.approx([OTHER], abs=1e-4)
    other = drawn.chosen(drawn.classes == 1)
    # Boxes of the same rating: of doubles one is left, where doubles are taken out at all.
    assert other.ratings.tolist() == pytest.approx([OTHER] * len(other), abs=1e-4)
    assert len(other) > 90
    assert drawn.classes[0] == 0


def test_an_end_to_end_table_tells_its_classes():
    table = torch.zeros(1, 4, 6)
    table[0, :3] = torch.tensor(
        [[10.0, 10, 20, 20, 0.9, 1], [10, 10, 20, 20, 0.5, 0], [30, 30, 40, 50, 0.25, 2]]
    )
    score, (drawn,) = read(table, "end_to_end", positive=(0, 2))
    assert drawn.classes.tolist() == [0, 2]
    assert drawn.ratings.tolist() == pytest.approx([0, np.log(1 / 3)], abs=1e-6)
    assert score.tolist() == pytest.approx([0], abs=1e-6)


def test_layouts_are_those_of_the_documentation():
    assert set(LAYOUTS) == {"detr", "end_to_end", "torchvision", "yolov5", "yolov8"}


@pytest.mark.parametrize(
    ("shape", "grid", "expected"),
    [
        ((1, 25200, 85), (640, 640), "yolov5"), ((1, 84, 8400), (640, 640), "yolov8"),
        ((2, 300, 6), (640, 640), "end_to_end"), ((1, 5, 8400), (640, 640), "yolov8"),
        ((1, 102000, 6), (1280, 1280), "yolov5"), ((3, 102000, 8), (1280, 1280), "yolov5"),
        ((1, 16128, 6), (512, 512), "yolov5"), ((1, 5, 33600), (1280, 1280), "yolov8"),
    ],
)  # fmt: skip
def test_published_shapes_are_recognized(shape, grid, expected):
    head = BoxHead(OutputSpec("boxes"), grid)
    assert head.layout_of(torch.zeros(shape), shape[0]) is LAYOUTS[expected]


def test_an_output_that_looks_like_two_layouts_is_declared():
    grid = next(
        (height, width)
        for height in range(8, 200, 8) for width in range(8, 400, 8)
        if 300 in {3 * count for count in places((height, width))}
    )  # fmt: skip
    head = BoxHead(OutputSpec("boxes"), grid)
    with pytest.raises(DetectorError, match="end_to_end and yolov5 look like it: declare"):
        head.score(torch.zeros(1, 300, 6), 1)
    assert read(torch.rand(1, 300, 6) * 7 + 3, "end_to_end", grid)


@pytest.mark.parametrize(
    "output",
    [torch.zeros(1, 8400, 84), torch.zeros(1, 2), [torch.zeros(1)], {"boxes": torch.zeros(1, 4)}],
)
def test_what_looks_like_no_layout_is_named(output):
    with pytest.raises(DetectorError, match="no layout looks like it: declare output"):
        read(output, "auto", (640, 640))


def test_a_layout_that_does_not_exist_is_named():
    with pytest.raises(RegistryError, match="no layout of boxes 'yolo9000'; there is: detr, end"):
        read(torch.zeros(1, 2), "yolo9000")


@pytest.mark.parametrize(
    ("layout", "output", "expected"),
    [
        ("yolov5", torch.zeros(1, 2), r"tensor of shape \(1, 2\).*expects \(N, boxes, 5 \+ class"),
        ("yolov5", torch.zeros(2, 9, 7), "for 1 image"),
        ("yolov8", torch.zeros(1, 4, 9), r"expects \(N, 4 \+ classes, boxes\)"),
        ("yolov8", torch.zeros(1, 9, 4, dtype=torch.int64), "returned Tensor"),
        ("end_to_end", torch.zeros(1, 3, 5), r"expects \(N, boxes, 6\)"),
        ("torchvision", torch.zeros(1, 3, 5), "expected 1 dictionaries with boxes, labels, scores"),
        ("torchvision", [{"boxes": torch.zeros(0, 4)}], "expected 1 dictionaries"),
        ("torchvision", [{"boxes": torch.zeros(2, 4), "labels": torch.ones(2), "scores": 0.5}],
         r"expected boxes \(M, 4\), labels \(M,\) and scores \(M,\), got \(2, 4\), \(2,\), \(\)"),
        ("detr", {"logits": torch.zeros(1, 5, 3)}, "expected a dictionary with logits"),
        ("detr", torch.zeros(1, 5, 3), "expected a dictionary with logits"),
        ("detr", {"logits": torch.zeros(1, 5, 3), "pred_boxes": torch.zeros(1, 4, 4)}, "expected"),
    ],
)  # fmt: skip
def test_another_output_than_declared_is_refused(layout, output, expected):
    with pytest.raises(DetectorError, match=expected):
        read(output, layout)


def test_queries_do_not_tell_their_activation():
    output = Queries()(image())
    with pytest.raises(DetectorError, match=r"declare softmax .* or sigmoid"):
        read(output, "auto")


@pytest.mark.parametrize(
    ("name", "positive", "classes"),
    [("yolov5", 2, 2), ("yolov8", 2, 2), ("detr", 2, 2), ("detr without last class", 2, 2)],
)
def test_a_class_that_the_network_does_not_have(name, positive, classes):
    with pytest.raises(DetectorError, match=f"class {positive} .*has {classes} classes"):
        module_of(name, positive=positive)(image())


def test_shares_that_are_declared_as_pixels_and_the_other_way_round():
    output = Yolo8()(image((2, 5)))
    with pytest.raises(DetectorError, match="reach 92; expected at most 2: declare normalized: f"):
        read(output, "yolov8", normalized=True)
    output[:, :4] /= 96
    with pytest.raises(DetectorError, match=r"none exceeds .*declare normalized: true"):
        read(output, "yolov8")


def test_declared_format_and_unit_go_before_those_of_the_layout():
    corners, logits = cells(image((2, 5)))
    shares = corners / torch.tensor([96.0, 64, 96, 64])
    output = torch.cat([shares[None], logits.sigmoid()], dim=-1).transpose(1, 2)
    _, (drawn,) = read(output, "yolov8", format="xyxy", normalized=True, threshold=0.9)
    assert drawn.corners.tolist() == [pytest.approx([40, 16, 48, 24], abs=1e-4)]
    listed = [{"boxes": shares, "labels": torch.ones(len(shares)),
               "scores": logits[0, :, 0].sigmoid()}]  # fmt: skip
    _, (drawn,) = read(listed, "torchvision", positive=1, normalized=True, threshold=0.9)
    assert drawn.corners.tolist() == [pytest.approx([40, 16, 48, 24], abs=1e-4)]


@pytest.mark.parametrize("layout", ["yolov5", "yolov8", "end_to_end"])
def test_scores_that_are_no_probabilities_have_no_logit(layout):
    output = {"yolov5": Yolo5(), "yolov8": Yolo8(), "end_to_end": EndToEnd()}[layout](image((2, 5)))
    if layout == "yolov8":
        output[0, 4, 7] = 1.5
    elif layout == "yolov5":
        # The product is a probability.
        output[0, 7, 4:6] = torch.tensor([0.25, 3.0])
    else:
        output[0, 0, 4] = -0.5
    head = BoxHead(OutputSpec("boxes"), GRID)
    assert head.score(output, 1).isnan().all()
    with pytest.raises(DetectorError, match="score of a box is no number, or no probability"):
        head.boxes(output, 1)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_corners_that_are_no_numbers_are_refused(value):
    output = Yolo8()(image((2, 5)))
    output[0, 1, 3] = value
    with pytest.raises(DetectorError, match="corner of a box is no number"):
        read(output, "yolov8")


def test_an_activation_that_the_layout_cannot_have():
    with pytest.raises(DetectorError, match="softmax: this layout has none or sigmoid"):
        read(Yolo8()(image()), "yolov8", activation="softmax")


def test_an_end_to_end_table_without_boxes_draws_none():
    score, (drawn,) = read(torch.zeros(1, 300, 6), "end_to_end", threshold=0.2)
    assert not len(drawn)
    assert score.tolist() == pytest.approx([np.log(0.25)])


ANY = st.one_of(st.floats(-2, 200), st.floats(0, 1), st.sampled_from([np.nan, np.inf, -np.inf]))


@settings(max_examples=150)
@given(
    st.sampled_from([*LAYOUTS, "auto"]),
    st.lists(st.lists(ANY, min_size=7, max_size=7), max_size=5),
    st.sampled_from(["rows", "columns", "listed", "queries"]),
    st.sampled_from([None, "none", "sigmoid", "softmax"]),
)
def test_any_output_is_boxes_or_a_sentence(layout, rows, form, activation):
    table = torch.tensor(rows, dtype=torch.float32).reshape(1, -1, 7)
    output = {
        "rows": table, "columns": table.transpose(1, 2),
        "listed": [{"boxes": table[0, :, :4], "scores": table[0, :, 4],
                    "labels": table[0, :, 5].nan_to_num(0, 0, 0)}],
        "queries": {"logits": table[..., 4:], "pred_boxes": table[..., :4]},
    }[form]  # fmt: skip
    head = BoxHead(OutputSpec("boxes", boxes=BoxesSpec(layout, activation)), GRID)
    try:
        score, (drawn,) = head.score(output, 1), head.boxes(output, 1)
    except DetectorError:
        return
    assert score.shape == (1,)
    assert (drawn.corners >= 0).all()
    assert (drawn.corners <= [GRID[1], GRID[0]] * 2).all()
    assert (np.diff(drawn.ratings) <= 0).all()
