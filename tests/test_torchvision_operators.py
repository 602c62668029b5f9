import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xaudit.torchvision_operators import non_maximum_suppression, roi_align, torchvision_models


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


@pytest.mark.parametrize("count", [31, 32, 33, 150])
def test_suppression_of_many_is_that_of_the_definition(count):
    rng = np.random.default_rng(count)
    corners = rng.uniform(0, 60, (count, 2))
    boxes = np.hstack([corners, corners + rng.uniform(5, 30, (count, 2))])
    scores = rng.permutation(count) / count
    ours = non_maximum_suppression(torch.from_numpy(boxes), torch.from_numpy(scores), 0.3)
    slow = slow_suppression(boxes.tolist(), scores.tolist(), 0.3)
    assert ours.tolist() == slow
    for most in (0, 1, len(slow) - 1):
        some = non_maximum_suppression(torch.from_numpy(boxes), torch.from_numpy(scores), 0.3, most)
        assert some.tolist() == slow[:most]


def test_suppression_stops_when_there_are_enough():
    boxes = torch.tensor([[0.0, 0, 2, 2], [4, 0, 6, 2], [0, 0, 2, 2.1], [8, 0, 9, 2]])
    scores = torch.tensor([0.9, 0.8, 0.85, 0.7])
    assert non_maximum_suppression(boxes, scores, 0.5).tolist() == [0, 1, 3]
    assert non_maximum_suppression(boxes, scores, 0.5, 2).tolist() == [0, 1]


def in_torchvision():
    """Its own version in Python, transcribed from the kernel, as it is before it is compiled."""
    torchvision_models()
    lazily = sys.modules["torchvision.ops.roi_align"]._roi_align
    return lazily.__wrapped__


INSIDE = [[0, 1.0, 2.0, 9.0, 7.5], [1, 0.0, 0.0, 13.5, 10.0], [0, 5.2, 5.2, 5.4, 5.3]]
BEYOND = [[1, 0.0, 0.0, 30.0, 22.0], [1, -4.3, -3.1, 3.0, 40.0], [0, 28.0, 20.0, 33.0, 26.0],
          [1, 6.0, 6.0, 6.0, 6.0]]  # fmt: skip


def maps():
    return torch.rand(2, 3, 11, 15, generator=torch.Generator().manual_seed(3))


def of_onnxruntime(features, rois, scale, bins, samples, aligned):
    """RoiAlign of ONNX, whose kernel has the same origin as that of torchvision."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    node = onnx.helper.make_node(
        "RoiAlign", ["x", "rois", "batch"], ["y"], mode="avg", output_height=bins[0],
        output_width=bins[1], sampling_ratio=max(samples, 0), spatial_scale=scale,
        coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel",
    )  # fmt: skip
    real, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    kinds = {"x": real, "rois": real, "batch": whole}
    inputs = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
    outputs = [onnx.helper.make_tensor_value_info("y", real, None)]
    graph = onnx.helper.make_graph([node], "g", inputs, outputs)
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 16)], ir_version=9
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {
        "x": features.numpy(), "rois": rois[:, 1:].numpy(), "batch": rois[:, 0].long().numpy()
    }  # fmt: skip
    return torch.from_numpy(session.run(["y"], given)[0])


@pytest.mark.parametrize("samples", [-1, 1, 2, 3])
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_pooled_boxes_are_those_of_the_kernel(samples, aligned, scale):
    rois = torch.tensor(INSIDE + BEYOND)
    theirs = of_onnxruntime(maps(), rois, scale, (2, 3), samples, aligned)
    ours = roi_align(maps(), rois, scale, 2, 3, samples, aligned)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("samples", [-1, 2])
@pytest.mark.parametrize("aligned", [False, True])
def test_slopes_of_pooled_boxes_are_those_of_torchvision(samples, aligned):
    """Of boxes on the map: beyond it the version in Python goes on where the kernel has zeros."""
    rois, slopes = torch.tensor(INSIDE), torch.linspace(-1, 2, 3 * 3 * 2 * 3).reshape(3, 3, 2, 3)
    found = []
    for pool in (roi_align, in_torchvision()):
        seen = maps().requires_grad_(True)
        pooled = pool(seen, rois, 1.0, 2, 3, samples, aligned)
        found.append((pooled.detach(), *torch.autograd.grad((pooled * slopes).sum(), seen)))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_torchvision_pools_otherwise_beyond_the_map():
    """The surprise that keeps its own version in Python from being used."""
    box = torch.tensor([[0.0, 20.0, 20.0, 30.0, 30.0]])
    theirs = in_torchvision()(torch.ones(1, 1, 8, 8), box, 1.0, 1, 1, 2, True)
    assert theirs.item() == 1.0
    assert roi_align(torch.ones(1, 1, 8, 8), box, 1.0, 1, 1, 2, True).item() == 0.0


def test_pooled_boxes_by_hand():
    """A plane that rises by 1 to the right and by 10 downwards: means are those of bin centers."""
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    slope, box = (10 * rows + columns)[None, None], torch.tensor([[0.0, 2.0, 2.0, 6.0, 6.0]])
    # Bins are 2 wide; pixel centers lie at 0.5 where the boxes are aligned.
    aligned = [[27.5, 29.5], [47.5, 49.5]]
    pooled = roi_align(slope, box, 1.0, 2, 2, 2, True)[0, 0]
    torch.testing.assert_close(pooled, torch.tensor(aligned))
    pooled = roi_align(slope, box, 1.0, 2, 2, 2, False)[0, 0]
    torch.testing.assert_close(pooled, torch.tensor(aligned) + 5.5)


def test_torchvision_calls_both_operators():
    models = torchvision_models()
    from torchvision import ops

    features = torch.rand(1, 2, 6, 6, requires_grad=True)
    pooled = ops.roi_align(features, [torch.tensor([[0.0, 0.0, 4.0, 4.0]])], 2, sampling_ratio=2)
    assert pooled.shape == (1, 2, 2, 2)
    assert pooled.requires_grad
    boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2.1]])
    assert ops.batched_nms(boxes, torch.tensor([1.0, 0.5]), torch.tensor([0, 0]), 0.5).tolist() == [
        0
    ]
    assert models.detection
