"""A small network of Keras, trained here on films of FracAtlas, from its file to card and gate."""

import json
import os

import numpy as np
import pytest
import yaml
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.detector import InputSpec
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.models.readers.keras import _library as keras_library
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit

pytestmark = [
    *NEEDS_FRACATLAS,
    # Of Keras, where it saves its variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
SCORED, SIDE = 24, 64
SEEN = {
    "height": SIDE, "width": SIDE, "color": "gray", "channels": 3, "resize": "letterbox",
    "mean": [0.0], "std": [1.0],
}  # fmt: skip
METHODS = {
    "gradcam": {}, "integrated_gradients": {"steps": 4, "max_steps": 4},
    "shap": {"samples": 20, "segments": 8}, "lime": {"samples": 20, "segments": 8},
}  # fmt: skip
POLICY = {
    "name": "trained here",
    "rules": [
        {"id": "auc", "metric": "auc", "floor": 0.5},
        {"id": "failed", "metric": "failed_share", "ceiling": 0.5},
    ],
}


def planes_of(cases):
    shown = InputSpec(SIDE, SIDE, channels=3, mean=(0.0,), std=(1.0,))
    return np.stack([np.repeat(prepare(case, shown).image[:1], 3, axis=0) for case in cases])


def trained(path, planes, labels):
    keras = keras_library()
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 3)), layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )  # fmt: skip
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    images = np.moveaxis(planes, 1, 3)
    model.fit(images, labels.astype("float32"), epochs=4, batch_size=8, verbose=0)
    model.save(path)
    return lambda given: np.asarray(model(np.moveaxis(given, 1, 3), training=False).detach())[:, 0]


def test_it_is_audited_to_card_and_gate(tmp_path, monkeypatch):
    # The library chooses its backend once for a process.
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    study = load_study(DataSpec("fracatlas", STUDY.resolve()))
    films = [case for label in (True, False)
             for case in [one for one in study.cases if one.label == label][:32]]  # fmt: skip
    labels = np.array([case.label for case in films])
    score = trained(tmp_path / "small.keras", planes_of(films), labels)
    content = yaml.safe_load((ROOT / "examples" / "fracatlas.yaml").read_text("utf-8"))
    content["detector"] = {
        "name": "small", "version": "1", "format": "keras", "weights": "small.keras",
        "input": SEEN, "output": {"kind": "logit"},
        "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
    }  # fmt: skip
    content |= {
        "policy": "policy.yaml", "robustness": {"cases": 0, "maps": 0},
        "device": str(ROOT / "examples" / content["device"]),
        "explain": {
            "cases": 2, "methods": METHODS, "shortcuts": 0, "micro_batch": 8,
            "checks": {"cases": 1, "subsets": 16, "repeats": 0, "disturbances": []},
        },
        "statistics": content["statistics"] | {"draws": 200},
    }  # fmt: skip
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    overrides = Overrides(STUDY.resolve(), None, cases=2)
    out = tmp_path / "out"
    run_audit(tmp_path / "audit.yaml", out, overrides, SCORED, lambda step: None)
    results = Results.load(Store(out), read_json(out / "plan.json", PlanRecord))
    found = {row.case_id: row.logit for row in results.cases if row.logit is not None}
    scored = [case for case in study.cases if case.case_id in found]
    assert len(scored) >= SCORED - 1
    expected = score(planes_of(scored))
    np.testing.assert_allclose([found[one.case_id] for one in scored], expected, atol=1e-4)
    judge_audit(out)
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    assert {one["rule"]["id"] for one in verdict["outcomes"]} == {"auc", "failed"}
    page = write_cards(out).read_text("utf-8")
    assert "format:keras" in page
    methods = json.loads((out / "findings.json").read_text("utf-8"))["methods"]
    assert {one["name"] for one in methods if one["maps"] and not one["reference"]} == {*METHODS}
