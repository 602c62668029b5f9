import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from xaudit.core.detector import InputSpec, Taken
from xaudit.errors import DetectorError
from xaudit.models.architectures import build_network
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.recognize import recognize
from xaudit.models.spec import DetectorSpec
from xaudit.models.weights import read_weights

FOLDER = Path(
    os.environ.get("XAUDIT_DETECTORS", Path(__file__).parents[2] / "../shared/data/detectors")
)


class Evil:
    def __reduce__(self):
        return (os.system, ("exit 1",))


def test_detector_is_the_network_with_its_normalization(make_spec, network, batch):
    spec = make_spec(input=InputSpec(64, 48, channels=1, mean=(0.35,), std=(0.25,)))
    detector = load_detector(spec)
    network.eval()
    with torch.inference_mode():
        expected = network((torch.from_numpy(batch) - 0.35) / 0.25).reshape(-1).numpy()
    np.testing.assert_allclose(detector.logits(batch), expected, atol=1e-5)
    assert detector.parameter_count == sum(one.numel() for one in network.parameters())
    assert len(detector.weights_sha256) == 64
    assert not detector.module.training


@pytest.mark.parametrize("nest", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_checkpoints_are_opened_as_they_come(make_spec, network, batch, tmp_path, nest, prefix):
    state = {prefix + name: value for name, value in network.state_dict().items()}
    torch.save({nest: state, "epoch": 3} if nest else state, tmp_path / "w.pt")
    ours = load_detector(make_spec(weights=tmp_path / "w.pt")).logits(batch)
    np.testing.assert_allclose(ours, load_detector(make_spec()).logits(batch), atol=1e-6)


def test_code_in_weights_is_not_run(make_spec, tmp_path):
    torch.save({"state_dict": Evil()}, tmp_path / "w.pt")
    with pytest.raises(DetectorError, match="holds more than tensors"):
        load_detector(make_spec(weights=tmp_path / "w.pt"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.safetensors", b"garbage", "is a text file .*not a torch checkpoint"),
        ("w.safetensors", b"", "is an empty file, not a torch checkpoint"),
        ("w.safetensors", b"\x10" + bytes(7) + b"{garbage", "not a safetensors file"),
        ("w.pt", b"\xff\xfegarbage\0", "no format that is known here .*ff fe 67"),
        ("w.pt", b"", "is an empty file, not a torch checkpoint"),
    ],
)
def test_damaged_weights_are_a_message(make_spec, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DetectorError, match=message):
        load_detector(make_spec(weights=tmp_path / name))


def test_missing_weights_are_a_message(make_spec, tmp_path):
    with pytest.raises(DetectorError, match="no such file"):
        load_detector(make_spec(weights=tmp_path / "none.safetensors"))


def test_weights_that_do_not_fit_say_which(make_spec, network, tmp_path):
    state = network.state_dict()
    name = next(key for key in state if key.endswith("weight"))
    state["extra"] = torch.zeros(1)
    state[name] = torch.zeros(2, 2)
    state.pop(next(key for key in state if key.endswith("bias")))
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(DetectorError, match=rf"missing: .*unexpected: extra.*{name} \(2, 2\)"):
        load_detector(make_spec(weights=tmp_path / "w.safetensors"))


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("torchvision:resnet81", "near: resnet18"),
        ("timm:resnet_fifty", "timm has no model"),
        ("no.such.module:net", "cannot be imported"),
        ("xaudit.models.reference:net", "has no function or class 'net'"),
        ("xaudit.models.heads.class_logit:positive_logit", "cannot be built"),
    ],
)
def test_unknown_architecture_is_a_message(make_spec, architecture, message):
    with pytest.raises(DetectorError, match=message):
        load_detector(make_spec(architecture=architecture, allow_code={architecture}))


def test_input_that_does_not_fit_is_a_message(make_spec):
    with pytest.raises(DetectorError, match=r"does not take an input of 1 x 64 x 48"):
        load_detector(make_spec(input=InputSpec(64, 48, channels=3)))


def test_target_layer_is_found_and_can_be_named(make_spec):
    detector = load_detector(make_spec())
    assert detector.target_layer is not None
    assert min(detector.target_layer.grid) > 1
    named = load_detector(make_spec(target_layer="features.3"))
    assert named.target_layer.name == "features.3"
    with pytest.raises(DetectorError, match="expected a layer that returns a feature map"):
        load_detector(make_spec(target_layer="features.99"))


def test_gray_images_are_repeated_over_the_channels(tmp_path):
    spec = DetectorSpec(
        "d", "", "torchvision:resnet18", tmp_path / "w.safetensors", InputSpec(64, 64),
        OutputSpec("two_logits", 1), {"num_classes": 2},
    )  # fmt: skip
    save_file(build_network(spec.architecture, spec.arguments).state_dict(), spec.weights)
    detector = load_detector(spec)
    gray = np.random.default_rng(0).random((2, 1, 64, 64), dtype=np.float32)
    color = np.repeat(gray, 3, axis=1)
    np.testing.assert_allclose(detector.logits(gray), detector.logits(color), atol=1e-5)
    assert detector.target_layer.name == "layer4"
    assert detector.target_layer.grid == (2, 2)


@pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the detectors' folder is not here (XAUDIT_DETECTORS)"
)
def test_real_detector_is_loaded_and_recognized():
    weights = FOLDER / "fracatlas_mobilenet_v2_localizing.safetensors"
    seen = recognize(weights)
    assert (seen.architecture, seen.outputs) == ("torchvision:mobilenet_v2", 1)
    assert len(read_weights(weights)) == 314
    spec = DetectorSpec(
        "d", "", seen.architecture, weights, InputSpec(224, 224), arguments={"num_classes": 1}
    )
    detector = load_detector(spec)
    assert detector.target_layer.grid == (7, 7)
    assert math.isfinite(detector.logits(np.zeros((1, 1, 224, 224), dtype=np.float32))[0])


def test_the_named_state_and_prefix_are_loaded_and_recorded(make_spec, network, batch, tmp_path):
    other = build_network("xaudit.models.reference:small_cnn", {})
    named = {f"model.{name}": one for name, one in network.state_dict().items()}
    content = {"model": other.state_dict(), "ema": {"module": named | {"loss.w": torch.ones(2)}}}
    torch.save(content, tmp_path / "w.pt")
    spec = make_spec(weights=tmp_path / "w.pt", weights_key="ema.module", weights_prefix="model.")
    detector = load_detector(spec)
    assert detector.taken == Taken("ema.module", "model.", ("loss.w",), ("model",))
    expected = load_detector(make_spec()).logits(batch)
    np.testing.assert_allclose(detector.logits(batch), expected, atol=1e-6)
