"""Code that a model brings in its own file: refused without a yes, run between walls with one."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.walls import sandbox_or_skip
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.models.heads.output import OutputSpec
from xaudit.models.readers.keras import _library as keras_library
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import OF_FORMAT, DetectorSpec
from xaudit.torchvision_operators import define_missing_operators

pytestmark = [
    pytest.mark.heavy,
    # Of Keras, where it saves its variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
REMOTE = """
import os
import torch
from transformers import PreTrainedModel, PretrainedConfig
from transformers.modeling_outputs import ImageClassifierOutput

open(os.path.join({mark!r}, "ran"), "w").close() if os.path.isdir({mark!r}) else None

class TinyConfig(PretrainedConfig):
    model_type = "tiny_of_a_stranger"

class TinyModel(PreTrainedModel):
    config_class = TinyConfig
    def __init__(self, config):
        super().__init__(config)
        self.head = torch.nn.Linear(3, 2)
        self.post_init()
    def forward(self, pixel_values=None):
        return ImageClassifierOutput(logits=self.head(pixel_values.mean((2, 3))))
"""


def of_keras(folder):
    keras = keras_library()
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((16, 16, 3)), layers.Lambda(lambda images: 2 * images),
            layers.GlobalAveragePooling2D(), layers.Dense(2),
        ]
    )  # fmt: skip
    model.save(folder / "model.keras")
    kernel, bias = model.layers[-1].get_weights()
    return folder / "model.keras", lambda images: 2 * images.mean((2, 3)) @ kernel + bias


def of_hub(folder):
    from safetensors.torch import save_file

    hub, outside = folder / "hub", folder / "outside"
    hub.mkdir()
    outside.mkdir()
    (hub / "tiny.py").write_text(REMOTE.format(mark=str(outside)), encoding="utf-8")
    config = {
        "model_type": "tiny_of_a_stranger", "architectures": ["TinyModel"],
        "auto_map": {
            "AutoConfig": "tiny.TinyConfig",
            "AutoModelForImageClassification": "tiny.TinyModel",
        },
    }  # fmt: skip
    (hub / "config.json").write_text(json.dumps(config), encoding="utf-8")
    head = torch.nn.Linear(3, 2)
    tensors = {f"head.{name}": one.detach() for name, one in head.named_parameters()}
    save_file(tensors, hub / "model.safetensors", metadata={"format": "pt"})
    kernel, bias = (one.detach().numpy() for one in (head.weight, head.bias))
    return hub, lambda images: images.mean((2, 3)) @ kernel.T + bias


@pytest.mark.parametrize(("kind", "maker"), [("keras", of_keras), ("huggingface", of_hub)])
def test_code_of_a_model_runs_in_the_sandbox_if_it_is_allowed(kind, maker, tmp_path):
    sandbox_or_skip()
    define_missing_operators()
    path, outputs = maker(tmp_path)
    spec = DetectorSpec(
        "m", "1", OF_FORMAT.format(kind), path, InputSpec(16, 16, mean=(0.0,), std=(1.0,)),
        OutputSpec("two_logits", 1), format=kind, sandbox=True,
    )  # fmt: skip
    with pytest.raises(DetectorError, match=r"Python code|code of its own.*run_code"):
        load_declared(spec)
    spec = replace(spec, arguments={"run_code": True})
    with pytest.raises(DetectorError, match=f"--allow-code model:{path.name}"):
        load_declared(spec)
    detector = load_declared(replace(spec, allow_code=[f"model:{path.name}"]))
    images = np.random.default_rng(0).random((3, 1, 16, 16), dtype=np.float32)
    expected = outputs(np.repeat(images, 3, axis=1))
    np.testing.assert_allclose(
        detector.logits(images), expected[:, 1] - expected[:, 0], rtol=1e-4, atol=1e-5
    )
    assert not (tmp_path / "outside" / "ran").exists()
