"""ONNX models: the answers of the network that was exported, and a reason for all they lack."""

import sys
from functools import cache

import numpy as np
import onnx
import onnx_models
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError, InstallError
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models import load
from xaudit.models.files.file_kinds import checkpoint_format, model_format
from xaudit.models.files.onnx_outline import files_beside
from xaudit.models.heads.class_logit import ClassLogit
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.onnx import model as onnx_model
from xaudit.models.onnx.agreement import images_like, tolerated
from xaudit.models.onnx.file import read_onnx
from xaudit.models.onnx.session import OnnxScores
from xaudit.models.plausibility import ask
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import TargetScore, TorchDetector
from xaudit.testing import planted_case

pytestmark = pytest.mark.heavy  # exports networks

SIDE = onnx_models.SIDE
SEEN = InputSpec(SIDE, SIDE, mean=(0.4,), std=(0.25,))
ALONE = "The ONNX model tells scores alone, no gradients and no feature maps: "
TWO = OutputSpec("two_logits", 1)
ONE = OutputSpec("probability")
MEAN = OutputSpec("logit")
EXPORTS = [
    *((name, "old", batch) for name in onnx_models.NETWORKS for batch in (None, 1)),
    *((name, "dynamo", None) for name in ("mobile", "attention", "grouped")),
    ("attention", "dynamo", 1),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")

    @cache
    def made(name, exporter="old", batch=None):
        network = onnx_models.network(name)
        return network, onnx_models.export(
            network, folder / f"{name}-{exporter}-{batch}.onnx", exporter, batch
        )

    return made


def spec(path, **changes):
    values = {"input": SEEN, "output": TWO, "format": "onnx"}
    return DetectorSpec("d", "1", "format:onnx", path, **values | changes)


def read(path, **changes):
    return load_detector(spec(path, **changes))


def of_torch(network, output=TWO, seen=SEEN):
    """The same network as torch has it."""
    module = TargetScore(network, seen, ClassLogit(output))
    image = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    layer = load._target(module, image, None)
    return TorchDetector("t", seen, module, layer, "", None)


def images(count=5):
    return np.random.default_rng(3).random((count, 1, SIDE, SIDE)).astype(np.float32)


def gradcam(detector):
    case = planted_case([np.eye(SIDE, dtype=bool)], (SIDE, SIDE))
    (made,) = explain_all(
        Evaluator(detector, 4), [Job(case, make_explainer("gradcam", {}))], Context(0)
    )
    return made.attribution.values


@pytest.mark.parametrize(("name", "exporter", "batch"), EXPORTS)
def test_logits_gradients_and_feature_maps_are_those_of_the_network(
    name, exporter, batch, exported
):
    output = ONE if name == "sigmoid" else TWO
    network, path = exported(name, exporter, batch)
    detector, own = read(path, output=output), of_torch(network, output)
    assert detector.capabilities == {"gradients", "features"}, detector.facts
    assert detector.facts.limits == ()
    assert "converted by onnx2torch" in detector.facts.by
    one, other = Evaluator(detector, 4), Evaluator(own, 4)
    np.testing.assert_allclose(one.logits(images()), other.logits(images()), rtol=1e-4, atol=1e-5)
    slopes = other.gradients(images())
    scale = np.abs(slopes).max()
    np.testing.assert_allclose(one.gradients(images()), slopes, rtol=1e-3, atol=1e-4 * scale)
    seen, expected = gradcam(detector), gradcam(own)
    np.testing.assert_allclose(seen, expected, rtol=1e-3, atol=1e-4 * expected.max())


@pytest.mark.parametrize(("exporter", "batch"), [("old", None), ("old", 1), ("dynamo", None)])
def test_every_learned_number_can_be_drawn_anew(exporter, batch, exported):
    """A randomized detector that keeps some weights would look like one whose maps are blind."""
    network, path = exported("attention", exporter, batch)
    detector = read(path)
    assert detector.parameter_count == sum(one.numel() for one in network.parameters())
    layers = layers_from_top(detector)
    drawn = randomized(detector, layers, 0).module
    kept = dict(detector.module.named_parameters())
    for name, one in drawn.named_parameters():
        assert not torch.isclose(one, kept[name]).all(), name
    assert layers[0].rpartition("/")[0].endswith("head") or layers[0].endswith("linear_4")


def test_onnxruntime_alone_gives_the_same_scores(exported):
    for batch in (None, 1, 3):
        network, path = exported("mobile", "old", batch)
        detector = read(path, arguments={"convert": False})
        assert (detector.capabilities, detector.parameter_count) == (frozenset(), None)
        assert detector.facts.by.startswith("onnxruntime ")
        assert detector.facts.limits == (f"{ALONE}detector.arguments.convert is false.",)
        np.testing.assert_allclose(
            detector.logits(images()), of_torch(network).logits(images()), rtol=1e-4, atol=1e-5
        )


def test_threads_are_those_of_torch(exported):
    before = torch.get_num_threads()
    scores = OnnxScores(read_onnx(exported("small")[1]), spec(exported("small")[1]), "", "auto")
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            scores(np.zeros((1, 3, SIDE, SIDE), np.float32))
            assert scores._session.get_session_options().intra_op_num_threads == threads
    finally:
        torch.set_num_threads(before)


def test_an_operator_that_is_not_converted_is_named(tmp_path):
    detector = read(
        drawn(tmp_path, [helper.make_node("ThresholdedRelu", ["x"], ["y"])]), output=MEAN
    )
    assert detector.capabilities == frozenset()
    said = "these operators are not converted: ThresholdedRelu."
    assert detector.facts.limits == (ALONE + said,)
    assert detector.facts.by.startswith("onnxruntime")
    evaluator = Evaluator(detector, 2)
    planes = 4 * images()[:, 0] - 1.6
    expected = np.where(planes > 1, planes, 0).mean((1, 2))
    np.testing.assert_allclose(evaluator.logits(images()), expected, rtol=1e-4)


def test_a_conversion_that_differs_is_not_used(exported, monkeypatch):
    network, path = exported("small")
    real = onnx_model.converted

    def shifted(*args):
        made = real(*args)
        last = next(one for one in reversed([*made.modules()]) if hasattr(one, "bias"))
        last.bias.data += 1e-3
        return made

    monkeypatch.setattr(onnx_model, "converted", shifted)
    detector = read(path)
    assert detector.capabilities == frozenset()
    assert "the converted network differs from onnxruntime by 0.001" in detector.facts.limits[0]
    np.testing.assert_allclose(
        detector.logits(images()), of_torch(network).logits(images()), atol=1e-5
    )


def test_a_conversion_that_differs_on_the_study_ends_the_audit(exported):
    detector = read(exported("small")[1])
    assert ask(detector, images()).logits.shape == (5,)
    next(iter(detector.module.network.parameters())).mul_(1.1)
    with pytest.raises(DetectorError, match=r"by .* on images of this study: .*convert: false"):
        ask(detector, images())


class Mixes(torch.nn.Module):
    """Rows of its channels, as many as channels: for one image alone."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).reshape(8, -1).mean(1))[None]


def test_a_graph_for_one_image_has_gradients_where_it_mixes_images(tmp_path):
    network = onnx_models.network(Mixes)
    detector = read(onnx_models.export(network, tmp_path / "m.onnx", batch=1))
    assert detector.capabilities == {"gradients"}
    assert "exported for one image at a time" in detector.facts.limits[0]
    found = Evaluator(detector, 3).gradients(images())
    for image, gradient in zip(torch.from_numpy(images()), found, strict=True):
        image.requires_grad_(True)
        logits = network((image.expand(1, 3, -1, -1) - 0.4) / 0.25)[0]
        (expected,) = torch.autograd.grad(logits[1] - logits[0], image)
        np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-6)


def test_one_of_several_outputs_is_named(tmp_path):
    network = onnx_models.network(onnx_models.TwoHeads)
    path = onnx_models.export(network, tmp_path / "m.onnx", output_names=["box", "fracture"])
    with pytest.raises(DetectorError, match=r"2 outputs, box \(n x 4.*fracture \(n x 2.*name the"):
        read(path)
    with pytest.raises(DetectorError, match="'boxes': no such output; there is box"):
        read(path, arguments={"output": "boxes"})
    detector = read(path, arguments={"output": "fracture"})
    assert detector.capabilities == {"gradients", "features"}
    planes = torch.from_numpy(images()).expand(-1, 3, -1, -1)
    _, logits = network((planes - 0.4) / 0.25)
    np.testing.assert_allclose(
        detector.logits(images()), (logits[:, 1] - logits[:, 0]).numpy(), rtol=1e-4, atol=1e-6
    )


def test_channels_that_come_last_are_recognized(tmp_path):
    nodes = [helper.make_node("Transpose", ["x"], ["y"], perm=[0, 3, 1, 2])]
    path = drawn(tmp_path, nodes, shape=("n", SIDE, SIDE, 3))
    detector = read(path, output=MEAN)
    assert "gradients" in detector.capabilities
    np.testing.assert_allclose(
        detector.logits(images()), (4 * images()[:, 0] - 1.6).mean((1, 2)), rtol=1e-4
    )
    with pytest.raises(
        DetectorError, match=r"takes images of n x 32 x 32 x 3.*declares 3 channels"
    ):
        read(path, arguments={"layout": "NCHW"})
    with pytest.raises(DetectorError, match="expected auto, NCHW or NHWC, got 'HWC'"):
        read(path, arguments={"layout": "HWC"})


def test_a_vector_that_becomes_a_column_is_no_picture(tmp_path):
    """As the windows of a Swin transformer number their places."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["vector"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["vector", "column"], ["rows"]),
        helper.make_node("Reshape", ["rows", "pixels"], ["each"]),
        helper.make_node("Add", ["x", "each"], ["y"]),
    ]
    sides = {"column": np.array([-1, 1]), "pixels": np.array([-1, 1, 1, 1])}
    detector = read(drawn(tmp_path, nodes, **sides), output=MEAN)
    assert "gradients" in detector.capabilities, detector.facts
    np.testing.assert_allclose(
        detector.logits(images()), 2 * (4 * images()[:, 0] - 1.6).mean((1, 2)), rtol=1e-4
    )


def test_half_precision_and_whole_numbers_have_scores_alone(tmp_path):
    half = drawn(tmp_path, [helper.make_node("Cast", ["x"], ["y"], to=1)], kind=TensorProto.FLOAT16)
    detector = read(half, output=MEAN)
    assert detector.facts.limits[0] == f"{ALONE}it takes images as float16."
    expected = (4 * images()[:, 0] - 1.6).mean((1, 2))
    np.testing.assert_allclose(detector.logits(images()), expected, rtol=5e-3)
    whole = drawn(tmp_path, [helper.make_node("Cast", ["x"], ["y"], to=1)], kind=TensorProto.UINT8)
    with pytest.raises(DetectorError, match=r"declare mean: \[0.0\] and std: \[0.0039215686\]"):
        read(whole)
    seen = InputSpec(SIDE, SIDE, mean=(0.0,), std=(1 / 255,))
    detector = read(whole, input=seen, output=MEAN)
    assert "uint8" in detector.facts.limits[0]
    np.testing.assert_allclose(
        detector.logits(images()), np.rint(255 * images()[:, 0]).mean((1, 2)), rtol=1e-5
    )


def test_what_the_graph_does_to_images_is_said(tmp_path):
    nodes = [
        helper.make_node("Div", ["x", "full"], ["a"]), helper.make_node("Sub", ["a", "half"], ["y"])
    ]  # fmt: skip
    path = drawn(tmp_path, nodes, full=np.float32(255), half=np.float32(0.5))
    (said,) = read(path, output=MEAN).facts.limits
    assert "before its first layer (Div by 255, Sub by 0.5, Slice): mean and std" in said


def test_values_that_lie_beside_the_model(tmp_path, exported):
    network, path = exported("small")
    folder = tmp_path / "model"
    folder.mkdir()
    kept = folder / "m.onnx"
    onnx.save(
        onnx.load(path), kept, save_as_external_data=True, location="m.data", size_threshold=0
    )
    assert files_beside(kept) == (folder / "m.data",)
    detector = read(kept)
    assert detector.capabilities == {"gradients", "features"}
    assert "Weights of the ONNX model lie beside it in m.data" in detector.facts.limits[0]
    np.testing.assert_allclose(
        detector.logits(images()), of_torch(network).logits(images()), atol=1e-5
    )
    values = (folder / "m.data").read_bytes()
    (folder / "m.data").write_bytes(values[:-8])
    with pytest.raises(DetectorError, match=r"m.data is too short for"):
        read(kept)
    (folder / "m.data").unlink()
    with pytest.raises(
        DetectorError, match=r"should lie in 'm.data'; expected a file in the folder"
    ):
        read(kept)
    # A link leads out of the folder, and so do dots and whole paths.
    (tmp_path / "secret").write_bytes(values)
    (folder / "m.data").symlink_to(tmp_path / "secret")
    with pytest.raises(DetectorError, match="expected a file in the folder of the model"):
        read(kept)
    for location in ("../secret", str(tmp_path / "secret")):
        model = onnx.load(kept, load_external_data=False)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        kept.write_bytes(model.SerializeToString())
        assert files_beside(kept) == ()
        with pytest.raises(DetectorError, match="expected a file in the folder of the model"):
            read(kept)


def test_what_is_no_model_or_somebody_elses_code_is_one_sentence(tmp_path, exported):
    whole = exported("small")[1].read_bytes()
    path = tmp_path / "m.onnx"
    for content in (b"", whole[: len(whole) // 2], b"\x08\x07", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(DetectorError, match=r"is not an ONNX model|onnxruntime does not take"):
            read(path)
    node = helper.make_node("Anything", ["x"], ["y"], domain="com.example")
    with pytest.raises(
        DetectorError, match=r"no part of ONNX: com.example.Anything; they are code"
    ):
        read(drawn(tmp_path, [node]))
    with pytest.raises(DetectorError, match=r"m.onnx: cannot be read: No such file"):
        read(tmp_path / "none" / "m.onnx")


def test_a_size_that_is_not_that_of_the_graph_is_one_sentence(exported):
    with pytest.raises(
        DetectorError, match=r"takes images of n x 3 x 32 x 32, .* 3 channels of 64 x"
    ):
        read(exported("small")[1], input=InputSpec(64, 32))


def test_a_missing_package_is_told_with_the_command(exported, monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("xaudit.models.onnx."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        InstallError, match=r"needs the package onnxruntime: pip install 'xaudit\[o"
    ):
        read(exported("small")[1])


def test_an_unknown_argument_lists_those_that_there_are(exported):
    with pytest.raises(DetectorError, match=r"no such option; there is: output, layout, convert$"):
        read(exported("small")[1], arguments={"spec": 1})


def test_as_weights_of_torch_it_is_told_to_declare_the_format(exported):
    path = exported("small")[1]
    assert model_format(path) == "onnx"
    with pytest.raises(DetectorError, match=r"is an ONNX model, .* declare detector.format: onnx"):
        checkpoint_format(path)


def test_outputs_that_hardly_move_must_agree_in_how_they_move():
    """By a tolerance of 1e-4 alone, tiny outputs would agree with anything."""
    tiny = 1e-6 * np.arange(5.0)[:, None]
    assert tolerated(tiny, "logit").max() < 1e-7
    far = np.arange(5.0)[:, None]
    np.testing.assert_allclose(tolerated(far, "logit"), 1e-4 * (1 + far))
    odds = np.array([[1e-6], [0.5], [1 - 1e-6]])
    assert tolerated(odds, "probability")[0] < 1e-6
    assert tolerated(odds, "probability")[2] < 1e-6


def test_trial_images_are_noise_and_films_as_they_are_declared():
    planes = images_like(SEEN)
    assert planes.shape == (5, 3, SIDE, SIDE)
    pixels = planes * 0.25 + 0.4
    assert 0 <= pixels.min() < pixels.max() <= 1 + 1e-6
    np.testing.assert_array_equal(planes[:, 0], planes[:, 2])
    assert len({one.tobytes() for one in planes}) == 5
    colored = images_like(InputSpec(8, 8, color="rgb"))
    assert not (colored[0, 0] == colored[0, 1]).any()


def drawn(folder, nodes, shape=("n", 3, SIDE, SIDE), kind=TensorProto.FLOAT, **constants):
    """A graph that does something with images and returns the mean of the first channel."""
    nodes = [
        *nodes,
        helper.make_node("Slice", ["y", "zero", "one", "one"], ["first"]),
        helper.make_node("ReduceMean", ["first"], ["mean"], axes=[2, 3], keepdims=0),
    ]
    known = {"zero": np.array([0]), "one": np.array([1])} | constants
    graph = helper.make_graph(
        nodes,
        "drawn",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in known.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    path = folder / "drawn.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path
