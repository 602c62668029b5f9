"""Whole audits of models of Keras, Hugging Face and LiteRT: scores are those of their makers."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
import yaml

from tests.models.readers.tflite_models import model as tflite_model
from xaudit.audit.store.files import read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.detector import InputSpec
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.models.files.hashed import weights_sha256
from xaudit.models.readers.keras import _library as keras_library
from xaudit.torchvision_operators import define_missing_operators

pytestmark = [
    pytest.mark.heavy,  # three audits
    # Of Keras, where it saves its variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
SEEN = InputSpec(64, 48, channels=3, mean=(0.0,), std=(1.0,))
METHODS = {
    "gradcam": {}, "integrated_gradients": {"steps": 4, "max_steps": 4},
    "lime": {"samples": 40, "segments": 16},
}  # fmt: skip
POLICY = {
    "name": "of a model",
    "rules": [{"id": "auc", "metric": "auc", "floor": 0.0, "reason": "any"}],
}
SCORES_ALONE = {"litert": {"lime"}}


def of_keras(folder, images, labels):
    """Trained here, for a moment."""
    keras = keras_library()
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((64, 48, 3)), layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"), layers.GlobalMaxPooling2D(),
            layers.Dense(2),
        ]
    )  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    pixels = np.repeat(np.moveaxis(images, 1, 3), 3, axis=3)
    model.fit(pixels, labels.astype("int32"), epochs=3, batch_size=8, verbose=0)
    model.save(folder / "model.keras")
    return folder / "model.keras", np.asarray(model(pixels, training=False).detach())


def of_hub(folder, images, labels):
    define_missing_operators()
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        "vit", hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        image_size=[64, 48], patch_size=16, id2label={0: "normal", 1: "fracture"},
    )  # fmt: skip
    model = transformers.AutoModelForImageClassification.from_config(config).eval()
    model.save_pretrained(folder / "hub")
    with torch.no_grad():
        planes = torch.from_numpy(images).expand(-1, 3, -1, -1)
        return folder / "hub", model(pixel_values=planes).logits.numpy()


def of_litert(folder, images, labels):
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(2, 3)), rng.normal(size=2)
    (folder / "model.tflite").write_bytes(tflite_model(kernel, bias, (1, 64, 48, 3)))
    means = np.repeat(images, 3, axis=1).mean(axis=(2, 3))
    return folder / "model.tflite", means @ kernel.T + bias


MAKERS = {"keras": of_keras, "huggingface": of_hub, "litert": of_litert}


@pytest.mark.parametrize("name", MAKERS)
def test_a_model_of_another_library_is_audited_to_its_card(
    name, drawn_study, short_audit, xaudit_of, tmp_path
):
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    study = load_study(DataSpec("manifest", folder / "study", patient="patient"))
    images = np.stack([prepare(case, SEEN).image for case in study.cases])
    labels = np.array([case.label for case in study.cases])
    path, outputs = MAKERS[name](folder, images, labels)
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    declared = {key: one for key, one in short_audit["detector"].items() if key != "architecture"}
    content = short_audit | {
        "data": {"format": "manifest", "root": "study", "patient": "patient"},
        "policy": "policy.yaml",
        "detector": declared | {
            "format": name, "weights": path.name,
            "input": {"height": 64, "width": 48, "mean": [0.0], "std": [1.0]},
            "output": {"kind": "two_logits", "positive": 1},
        },
        "explain": short_audit["explain"] | {
            "cases": 3, "methods": METHODS, "micro_batch": 8,
            "checks": {"cases": 2, "subsets": 16, "repeats": 0, "disturbances": []},
        },
    }  # fmt: skip
    file, out = folder / "audit.yaml", folder / "out"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    xaudit_of(os.environ, "run", file, "--out", out)
    results = Results.load(Store(out), read_json(out / "plan.json", PlanRecord))
    logits = {row.case_id: row.logit for row in results.cases}
    expected = outputs[:, 1] - outputs[:, 0]
    scored = [logits[case.case_id] for case in study.cases]
    np.testing.assert_allclose(scored, expected, atol=1e-4)
    findings = json.loads((out / "findings.json").read_text("utf-8"))
    assert findings["detector"]["weights_sha256"] == weights_sha256(path)
    made = {one["name"] for one in findings["methods"] if not one["reference"] and one["maps"]}
    assert made == SCORES_ALONE.get(name, set(METHODS))
    randomized = [one["estimate"] for one in findings["findings"]
                  if one["metric"] == "randomization_similarity"]  # fmt: skip
    assert randomized
    assert all((one["value"] is None) == (name == "litert") for one in randomized)
    xaudit_of(os.environ, "gate", out)
    xaudit_of(os.environ, "card", out, "--language", "de")
    xaudit_of(os.environ, "verify", out, "--weights", path)
