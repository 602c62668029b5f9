"""The page on models that one was handed: its commands, as they stand there, on files made here."""

import os
import re
import shlex
import shutil
from pathlib import Path

import exports
import pytest
import torch
import yaml
from safetensors.torch import load_file

from xaudit.models.architectures import build_network
from xaudit.torchvision_operators import define_missing_operators

pytestmark = pytest.mark.heavy  # whole audits

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "audit-a-model-you-were-handed.md"
BLOCKS = re.compile(r"^ *```bash\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(r'^( *(?:- )?)(\w+): "\?"$', re.MULTILINE)
# What only the maker of the model can tell; the last ones where the file itself does not say it.
ANSWERS = {
    "resize": "letterbox", "interpolation": "area", "mean": "[0.35]", "std": "[0.25]",
    "intensity": "dtype", "pad": "0.0", "kind": "logit", "positive": "0", "probability": "0.5",
    "origin": "fixed", "note": "as trained", "height": "224", "width": "160", "color": "gray",
    "channels": "1",
}  # fmt: skip
OF_KIND = {"huggingface": {"kind": "softmax", "positive": "1"}}
FEW = {
    "explain": {
        "cases": 2, "positives": 0.5, "checks": {"cases": 1, "subsets": 16, "repeats": 0},
        "shortcuts": 1, "micro_batch": 8,
        "methods": {"gradcam": {}, "lime": {"samples": 40, "segments": 16}},
    },
    "robustness": {"cases": 2, "maps": 0, "ladders": ["noise"]},
    "statistics": {"draws": 200},
    "policy": "pack:release",
}  # fmt: skip


def of_torch(save):
    """The reference detector, as a file of a format."""

    def made(weights, path):
        network = build_network("xaudit.models.reference:small_cnn", {})
        network.load_state_dict(load_file(weights))
        save(network.eval(), torch.rand(2, 1, 224, 160), path)

    return made


def of_hub(_weights, path):
    define_missing_operators()
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        "vit", hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        image_size=[64, 48], patch_size=16, id2label={0: "normal", 1: "fracture"},
    )  # fmt: skip
    transformers.AutoModelForImageClassification.from_config(config).save_pretrained(path)
    transformers.ViTImageProcessor(size={"height": 64, "width": 48}).save_pretrained(path)


MODELS = {"onnx": of_torch(exports.old_onnx), "huggingface": of_hub}


def commands():
    return [line.strip() for block in BLOCKS.findall(PAGE.read_text("utf-8"))
            for line in block.splitlines()]  # fmt: skip


def answer(file, answers):
    """Every question, with little work; what the file of the model states stays."""
    text = QUESTION.sub(lambda one: f"{one[1]}{one[2]}: {answers[one[2]]}", file.read_text("utf-8"))
    assert '"?"' not in text
    file.write_text(yaml.safe_dump(yaml.safe_load(text) | FEW, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize("kind", MODELS)
def test_the_page_leads_from_a_file_to_a_card(kind, drawn_study, forked, tmp_path):
    shutil.copytree(drawn_study / "study", tmp_path / "STUDY")
    MODELS[kind](drawn_study / "weights.safetensors", tmp_path / "MODEL")
    said = {}
    for command in commands():
        words = shlex.split(command)
        assert words[0] == "xaudit"
        made = forked.run(words[1:], tmp_path, os.environ)
        # 1 and 4 are answers of a gate.
        allowed = {0, 1, 4} if words[1] == "gate" else {0}
        assert made.returncode in allowed, f"{command}\n{made.stdout}\n{made.stderr}"
        said[words[1]] = " ".join((made.stdout + made.stderr).split())
        if words[1] == "init":
            assert f"format: {kind}" in (tmp_path / "audit.yaml").read_text("utf-8")
            answer(tmp_path / "audit.yaml", ANSWERS | OF_KIND.get(kind, {}))
    assert [*said] == ["init", "check", "run", "gate", "card", "verify"]
    assert "left out" not in said["check"]
    assert f"format:{kind}" in (tmp_path / "audit" / "card.html").read_text("utf-8")
