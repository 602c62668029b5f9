import torch
from hypothesis import given
from hypothesis import strategies as st

from xaudit.torchvision_operators import non_maximum_suppression, torchvision_models


def test_torchvision_can_be_imported():
    models = torchvision_models()
    assert "mobilenet_v2" in models.list_models(module=models)


def slow_suppression(boxes, scores, threshold):
    kept = []
    for index in sorted(range(len(boxes)), key=lambda n: -scores[n]):
        if all(overlap(boxes[index], boxes[one]) <= threshold for one in kept):
            kept.append(index)
    return kept


def overlap(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9)),
             max_size=9),
    st.sampled_from([0.1, 0.33, 0.7]),
)  # fmt: skip
def test_suppression_is_that_of_the_definition(corners, threshold):
    boxes = [[float(x), float(y), float(x + w), float(y + h)] for x, y, w, h in corners]
    scores = [1.0 / (n + 1) for n in range(len(boxes))]
    ours = non_maximum_suppression(
        torch.tensor(boxes).reshape(-1, 4), torch.tensor(scores), threshold
    )
    assert ours.tolist() == slow_suppression(boxes, scores, threshold)
