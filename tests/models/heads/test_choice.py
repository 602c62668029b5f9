"""Which boxes are drawn."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.models.heads.candidates import LAYOUTS, Candidates, Layout
from xaudit.models.heads.choice import chosen
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.torchvision_operators import torchvision_models

NUMBERS = st.integers(0, 12)
BOXES = st.lists(
    st.tuples(NUMBERS, NUMBERS, st.integers(1, 9), st.integers(1, 9), st.integers(0, 2)),
    max_size=12,
)


def layout(nms):
    return Layout(lambda *_: False, lambda *_: [], nms)


def candidates(boxes):
    corners = torch.tensor([[x, y, x + w, y + h] for x, y, w, h, _ in boxes]).reshape(-1, 4)
    # All differ: of ties every order is right.
    ratings = torch.tensor([((7 * at) % 13) / 2 - 3 for at in range(len(boxes))])
    return Candidates(corners.float(), ratings, torch.tensor([one[4] for one in boxes]).long())


@settings(max_examples=60)
@given(BOXES, st.sampled_from([0.2, 0.45, 0.7]), st.sampled_from([2, 100]))
def test_doubles_of_a_class_are_those_of_torchvision(boxes, overlap, most):
    torchvision_models()
    from torchvision.ops import batched_nms

    found, spec = candidates(boxes), BoxesSpec(threshold=0.3, nms=overlap, most=most)
    sure = torch.nonzero(found.ratings >= spec.floor).flatten()
    kept = batched_nms(found.corners[sure], found.ratings[sure], found.classes[sure], overlap)
    assert chosen(found, spec, layout(None)).tolist() == sure[kept][:most].tolist()


def test_what_is_declared_goes_before_the_makers_of_the_layout():
    found = candidates([(0, 0, 4, 4, 0), (0, 0, 4, 5, 0)])
    assert chosen(found, BoxesSpec(), layout(None)).tolist() == [1, 0]
    assert chosen(found, BoxesSpec(), layout(0.5)).tolist() == [1]
    assert chosen(found, BoxesSpec(nms=0.9), layout(0.5)).tolist() == [1, 0]
    assert {name: LAYOUTS[name].nms for name in LAYOUTS} == {
        "detr": None, "end_to_end": None, "torchvision": None, "yolov5": 0.45, "yolov8": 0.7,
    }  # fmt: skip
