"""Every format is read in the box as outside: the same scores, and slopes where it offers them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.contracts.test_models_of_others import of_hub, of_keras, of_litert
from tests.oracles import onnx_models, programs
from tests.walls import sandbox_or_skip
from xaudit.core.detector import InputSpec
from xaudit.explain.engine.batch_outcomes import PassPurpose, run_batch
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import OF_FORMAT, DetectorSpec

pytestmark = [
    pytest.mark.heavy,  # a process for each format
    # Of Keras, where it saves its variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
OF_OTHERS = {"keras": of_keras, "huggingface": of_hub, "litert": of_litert}


def declared(kind, path, planes, channels):
    return DetectorSpec(
        "m", "1", OF_FORMAT.format(kind), path,
        InputSpec(*planes.shape[2:], channels=channels, mean=(0.0,), std=(1.0,)),
        OutputSpec("two_logits", 1), format=kind,
    )  # fmt: skip


def made(kind, folder):
    """A model of this format, and images."""
    if kind in OF_OTHERS:
        images = np.random.default_rng(0).random((4, 1, 64, 48), dtype=np.float32)
        path, _ = OF_OTHERS[kind](folder, images, np.array([0, 1, 0, 1]))
        return declared(kind, path, images, 3), images
    if kind == "onnx":
        path = folder / "model.onnx"
        onnx_models.export(onnx_models.network("small"), path)
        images = np.random.default_rng(0).random((4, 1, 32, 32), dtype=np.float32)
        return declared(kind, path, images, 3), images
    how, suffix = {"torchscript": ("traced", "pt"), "pt2": ("dynamic", "pt2")}[kind]
    path = programs.saved(programs.awake(programs.TwoLogits), how, folder / f"model.{suffix}")
    images = programs.images(4).numpy()
    return declared(kind, path, images, images.shape[1]), images


@pytest.mark.parametrize("kind", ["onnx", "torchscript", "pt2", *OF_OTHERS])
def test_a_format_in_the_box(kind, tmp_path):
    sandbox_or_skip()
    spec, images = made(kind, tmp_path)
    plain, boxed = load_detector(spec), load_declared(replace(spec, sandbox=True))
    np.testing.assert_allclose(boxed.logits(images), plain.logits(images), rtol=1e-6, atol=1e-6)
    assert boxed.capabilities == plain.capabilities
    assert boxed.facts == plain.facts
    layers = [each.target_layer.name if each.target_layer else None for each in (plain, boxed)]
    assert layers[0] == layers[1]
    wanted = PassPurpose("gradients" in plain.capabilities, plain.target_layer is not None, False)
    one, other = (
        run_batch(each.module, each.target_layer, torch.from_numpy(images).clone(), wanted)
        for each in (plain, boxed)
    )
    for part in ("gradients", "activations", "activation_gradients"):
        expected, found = getattr(one, part), getattr(other, part)
        assert (expected is None) is (found is None), part
        if expected is not None:
            scale = float(expected.abs().max())
            assert float((expected - found).abs().max()) <= 1e-5 * scale, part
