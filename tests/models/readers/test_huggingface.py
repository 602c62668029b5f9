"""Folders of Hugging Face: the same network, whole or refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.readers.huggingface import read
from xaudit.models.spec import OF_FORMAT, DetectorSpec
from xaudit.torchvision_operators import define_missing_operators

define_missing_operators()
transformers = pytest.importorskip("transformers")

NETWORKS = {
    "vit": dict(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        image_size=32, patch_size=8,
    ),
    "resnet": dict(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"),
    "convnext": dict(hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1]),
}  # fmt: skip


def saved(folder, kind="vit", **options):
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **NETWORKS[kind], **options)
    model = transformers.AutoModelForImageClassification.from_config(config).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    model.save_pretrained(folder)
    return model


def changed(folder, **keys):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | keys), "utf-8")


def detector_of(folder, size=32):
    return load_detector(
        DetectorSpec(
            name="hub", version="1", architecture=OF_FORMAT.format("huggingface"), weights=folder,
            input=InputSpec(size, size, mean=(0.5,), std=(0.5,)),
            output=OutputSpec("softmax", 1), format="huggingface",
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
def test_logits_and_gradients_are_those_of_transformers(kind, tmp_path):
    model = saved(tmp_path, kind)
    detector = detector_of(tmp_path, size=64 if kind == "convnext" else 32)
    assert detector.capabilities == {"gradients", "features"}
    images = np.random.default_rng(0).random((3, 1, *detector.input.grid.shape), dtype=np.float32)
    planes = torch.from_numpy((images - 0.5) / 0.5).expand(-1, 3, -1, -1).contiguous()
    planes.requires_grad_()
    logits = model(pixel_values=planes).logits
    expected = logits[:, 1] - logits[:, 0]
    evaluator = Evaluator(detector)
    np.testing.assert_allclose(evaluator.logits(images), expected.detach(), atol=1e-5)
    expected.sum().backward()
    gradients = planes.grad.sum(dim=1, keepdim=True) / 0.5
    np.testing.assert_allclose(evaluator.gradients(images), gradients, atol=1e-5)


def test_a_head_that_is_missing_is_not_drawn_at_random(tmp_path):
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = {name: one for name, one in load_file(file).items() if "classifier" not in name}
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(DetectorError, match=r"no weights for classifier.bias, classifier.weight;"):
        read(tmp_path)


def test_weights_that_the_network_does_not_have_are_left_out_where_that_is_declared(tmp_path):
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    save_file(load_file(file) | {"decoder.weight": torch.ones(2)}, file, metadata={"format": "pt"})
    with pytest.raises(DetectorError, match=r"holds decoder.weight, which the network named in"):
        read(tmp_path)
    assert read(tmp_path, leave_out_unused=True)(torch.zeros(1, 3, 32, 32)).shape == (1, 2)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"auto_map": {"AutoModelForImageClassification": "m.X"}}, "code of its own, which is not"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantized by another library"),
        ({"model_type": "bert"}, "no network of type 'bert' that classifies images"),
        ({"model_type": 3}, "expected the name of a model_type, got 3"),
    ],
)
def test_what_is_more_than_a_network_of_transformers_is_refused(keys, said, tmp_path):
    saved(tmp_path)
    changed(tmp_path, **keys)
    with pytest.raises(DetectorError, match=said):
        read(tmp_path)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    with pytest.raises(DetectorError, match=r"expected a folder of Hugging Face with a readable"):
        read(tmp_path)
    (tmp_path / "config.json").write_text("[1]", "utf-8")
    with pytest.raises(DetectorError, match="expected a JSON object, got a list"):
        read(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "vit"}', "utf-8")
    (tmp_path / "adapter_config.json").write_text("{}", "utf-8")
    with pytest.raises(DetectorError, match="holds an adapter, not a network"):
        read(tmp_path)


def test_pickles_are_not_read(tmp_path):
    model = saved(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        read(tmp_path)


def test_a_width_that_does_not_fit_is_told(tmp_path):
    saved(tmp_path)
    changed(tmp_path, id2label={"0": "a", "1": "b", "2": "c"})
    with pytest.raises(DetectorError, match="cannot be read as huggingface"):
        detector_of(tmp_path)
