"""Programs of torch.export: what torch says of the network, to the last digit, layers included."""

import copy
import json
import logging
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from programs import KINDS, SIZE, Attention, Plain, Residual, TwoLogits, awake, images, saved
from torch import nn

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Pass
from xaudit.explain.methods.deeplift import guided_gradient
from xaudit.models.heads.class_logit import ClassLogit
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.plausibility import ask
from xaudit.models.programs.archive import read_archive
from xaudit.models.spec import DetectorSpec
from xaudit.models.target_layers.layers import find_target_layer
from xaudit.models.torch_detector import TargetScore
from xaudit.testing import disc, planted_case

pytestmark = pytest.mark.heavy  # torch.export imports much


def gradcam(detector, pictures):
    """Grad-CAM before its upsampling, by the evaluator."""
    seen = Evaluator(detector, 2).answer([Pass(Images(pictures.numpy()), features=True)])[0]
    weights = seen.features.gradients.mean(axis=(2, 3), keepdims=True)
    return np.maximum((weights * seen.features.activations).sum(axis=1), 0)


def plain_gradcam(kind, pictures):
    """The same by torch alone, at the layer that is found in the network itself."""
    network = awake(kind)

    def logit(batch):
        scores = network(batch)
        return scores[:, 1] - scores[:, 0] if kind is TwoLogits else scores[:, 0]

    layer, held = find_target_layer(network, logit, pictures[:1]), []

    def keep(picture):
        held.append(picture)
        return picture.clone()

    with layer.passing(keep):
        scores = logit(pictures.clone().requires_grad_(True))
    (slopes,) = torch.autograd.grad(scores.sum(), held[-1])
    picture, slopes = layer.feature_map(held[-1].detach()), layer.feature_map(slopes)
    maps = (picture * slopes.mean(dim=(2, 3), keepdim=True)).sum(dim=1).clamp(min=0)
    return layer.name, maps.numpy()


@pytest.mark.parametrize("how", ["dynamic", "static"])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_gradients_and_maps_are_those_of_the_network(kind, how, detector, expected):
    made, pictures = detector(kind, how), images()
    logits, gradients = expected(kind, pictures)
    np.testing.assert_allclose(made.logits(pictures.numpy()), logits, rtol=1e-5, atol=1e-6)
    evaluator = Evaluator(made, 2)
    np.testing.assert_allclose(evaluator.logits(pictures.numpy()), logits, rtol=1e-5, atol=1e-6)
    found = evaluator.gradients(pictures.numpy())
    np.testing.assert_allclose(found, gradients, rtol=1e-3, atol=1e-5 * np.abs(gradients).max())
    assert made.parameter_count == sum(one.numel() for one in awake(kind).parameters())
    if kind is Attention and how == "static":
        # Two images stand in its graph: it works piece by piece, and cannot be watched.
        assert made.capabilities == {"gradients"}
        return
    assert made.capabilities == {"gradients", "features"}
    name, maps = plain_gradcam(kind, pictures)
    assert made.target_layer.name == name
    np.testing.assert_allclose(gradcam(made, pictures), maps, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings(
    "ignore:.*isinstance.treespec:FutureWarning", "ignore:Accessing the data"
)
def test_hooks_fire_on_layers_of_unflatten_alone(program):
    """What the format rests on, with its version (torch 2.13)."""
    exported, fired = torch.export.load(program(Plain, "dynamic")), []
    for module in (exported.module(), torch.export.unflatten(exported)):
        module.features.register_forward_hook(lambda *_: fired.append(1))
        module(images(2))
        fired.append(0)
    assert fired == [0, 1, 0]
    with pytest.raises(RuntimeError, match="symbolic sizes"):
        copy.deepcopy(torch.export.unflatten(exported))
    assert exported.module().training
    with pytest.raises(NotImplementedError):
        exported.module().eval()


def test_layers_of_torch_are_themselves_and_fused_as_such(detector):
    parts = {type(one) for one in detector(Plain, "dynamic").module.modules()}
    assert {nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.ReLU6, nn.Linear, nn.Dropout} <= parts
    assert not any(
        isinstance(one, nn.BatchNorm2d)
        for one in Evaluator(detector(Plain, "dynamic"), 2)._module.modules()
    )
    assert Evaluator(detector(Plain, "dynamic"), 2).scores(images().numpy()).features.shape == (
        5,
        8,
    )


def test_functions_are_those_that_a_network_calls(detector):
    """Methods that look for activations or attention find them in what is no layer, too."""
    called = {
        step.target.__name__
        for part in detector(Residual, "dynamic").module.modules()
        for step in getattr(part, "steps", ())
        if step.kind == "call_function"
    }
    assert "relu" in called
    assert not {"relu.default", "relu_.default"} & called
    case = planted_case([disc((SIZE, SIZE), (12, 18), 5)], (SIZE, SIZE), seed=4)
    made = detector(Residual, "dynamic")
    plain = TargetScore(awake(Residual), made.input, ClassLogit(OutputSpec()))
    evaluators = [Evaluator(replace(made, module=one, target_layer=None), 2)
                  for one in (made.module, plain)]  # fmt: skip
    maps = [guided_gradient(one, case.image) for one in evaluators]
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-4, atol=1e-6)


def test_a_layer_may_be_declared(detector):
    made = detector(Residual, "dynamic", target_layer="stem")
    assert (made.target_layer.name, made.target_layer.grid) == ("stem", (16, 16))
    with pytest.raises(DetectorError, match=r"the last ones are: .*second"):
        detector(Residual, "dynamic", target_layer="third")


def test_parameters_are_drawn_anew(detector):
    made, pictures = detector(Attention, "dynamic"), images().numpy()
    before = made.logits(pictures)
    layers = layers_from_top(made)
    assert {"network.head", "network.embed", "network"} <= set(layers)
    assert np.abs(randomized(made, layers, 1).logits(pictures) - before).max() > 1e-3
    assert (made.logits(pictures) == before).all()


def test_another_size_is_one_sentence(program, tmp_path):
    seen = InputSpec(64, 48, channels=1, mean=(0.0,), std=(1.0,))
    spec = DetectorSpec("d", "1", "format:pt2", program(Plain, "dynamic"), seen, format="pt2")
    with pytest.raises(
        DetectorError, match=r"exported for images of 1 x 32 x 32 and detector\.input gives 1 x 64"
    ):
        load_detector(spec)


class Trained(Plain):
    """Exported without `.eval()`."""


def test_a_program_in_training_mode_is_noticed(detector, tmp_path):
    network = awake(Trained)
    network.drop.train()
    path = saved(network, "dynamic", tmp_path / "training.pt2")
    answers = ask(detector(Plain, "dynamic", path), images(8).numpy())
    assert np.abs(answers.logits - answers.again).max() > 1e-3


class Pair(Plain):
    def forward(self, images):
        scores = super().forward(images)
        return {"logits": scores, "aux": scores}


def test_several_outputs_are_named_as_such(detector, tmp_path):
    path = saved(awake(Pair), "dynamic", tmp_path / "pair.pt2")
    with pytest.raises(DetectorError, match="the network returned dict with 'logits'"):
        detector(Plain, "dynamic", path)


class WithoutGradients(Plain):
    def forward(self, images):
        with torch.no_grad():
            features = self.features(images)
        return self.head(self.pool(features).flatten(1))


def test_calls_of_functions_are_refused_by_name(detector, tmp_path):
    path = saved(awake(WithoutGradients), "dynamic", tmp_path / "cut.pt2")
    with pytest.raises(DetectorError, match=r"higher_order|a call of a function|as_graph|graph"):
        detector(Plain, "dynamic", path)


def rewritten(source, target, change):
    """A copy of a file with some members changed."""
    archive = read_archive(source, "a program")
    held = change(dict(archive.members))
    target.write_bytes(type(archive)(archive.name, held).packed().read())
    return target


def test_nothing_is_unpickled(program, detector, tmp_path):
    """torch 2.13 unpickles weights that a file marks so, and example inputs; xaudit neither."""
    config = "data/weights/model_weights_config.json"

    def mark(held):
        content = json.loads(held[config])
        content["config"]["head.bias"]["use_pickle"] = True
        return held | {config: json.dumps(content).encode()}

    path = rewritten(program(Plain, "static"), tmp_path / "marked.pt2", mark)
    with pytest.raises(DetectorError, match="holds pickled objects beside raw tensors"):
        detector(Plain, "static", path)
    samples = rewritten(
        program(Plain, "static"), tmp_path / "samples.pt2",
        lambda held: held | {"data/sample_inputs/model.pt": b"no pickle at all"},
    )  # fmt: skip
    made = detector(Plain, "static", samples)
    assert (
        made.logits(images().numpy()) == detector(Plain, "static").logits(images().numpy())
    ).all()


def model_changed(change):
    def changed(held):
        model = json.loads(held["models/model.json"])
        change(model)
        return held | {"models/model.json": json.dumps(model).encode()}

    return changed


def named(model):
    model["graph_module"]["graph"]["nodes"][0]["name"] = "a name"


def sized(model):
    sizes = model["graph_module"]["graph"]["tensor_values"]["images"]["sizes"]
    sizes[0]["as_expr"]["expr_str"] = "print(1)"


def called(model):
    model["graph_module"]["graph"]["nodes"][0]["target"] = "torch.ops.aten.from_file.default"


@pytest.mark.parametrize(
    ("change", "message"),
    [(named, "name 'a name'"), (sized, r"expr_str 'print\(1\)'"), (called, "aten::from_file")],
)
def test_texts_are_what_stands_in_their_place(change, message, program, detector, tmp_path):
    path = rewritten(program(Plain, "dynamic"), tmp_path / "changed.pt2", model_changed(change))
    with pytest.raises(DetectorError, match=message):
        detector(Plain, "dynamic", path)


def test_compiled_code_and_old_files_are_refused(program, detector, tmp_path):
    more = {"data/aotinductor/model/x.so": b"", "data/weights/model.pt": b""}
    for name, message in zip(more, ("compiled code", "whose files hold pickles"), strict=True):
        path = rewritten(
            program(Plain, "static"),
            tmp_path / "more.pt2",
            lambda held, name=name: held | {name: b""},
        )
        with pytest.raises(DetectorError, match=message):
            detector(Plain, "static", path)


def test_a_program_that_was_stored_on_a_gpu_comes_to_the_processor(program, detector, tmp_path):
    def moved(held):
        return {
            name: content.replace(b'"type": "cpu", "index": null', b'"type": "cuda", "index": 0')
            for name, content in held.items()
        }

    path = rewritten(program(Plain, "dynamic"), tmp_path / "gpu.pt2", moved)
    made = detector(Plain, "dynamic", path).logits(images().numpy())
    assert (made == detector(Plain, "dynamic").logits(images().numpy())).all()


def test_nothing_is_said_while_it_is_read(program, detector, caplog, capfd):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        detector(Plain, "dynamic")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
