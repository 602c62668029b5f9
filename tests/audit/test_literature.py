"""Published figures stand beside a result, with what is not known of them, and judge nothing."""

import pytest
import yaml

from xaudit.audit.literature import chosen, published
from xaudit.audit.predictions import run_predictions
from xaudit.audit.read_config import Overrides, read_config
from xaudit.errors import ConfigError


def test_figures_are_those_of_the_review():
    found = [(one.network, one.data, one.value) for one in published().values()]
    assert found == [
        ("ResNet-50", "MURA", "0.929"),
        ("EfficientNet-B4", "FracAtlas", "0.947"),
        ("ViT-B/16", "not known", "0.934"),
        ("CNN + LSTM", "not known", "0.912"),
        ("MobileNetV2", "MURA", "0.884"),
        ("Ensemble of ResNet and ViT", "not known", "0.956"),
        ("FracNet", "not known", "> 0.95"),
        ("Not named", "RibFrac", "91 % and 87 %"),
    ]
    assert all(one.known and one.source for one in published().values())


def test_what_is_asked_for_is_chosen_in_its_order_and_once():
    assert chosen(False) == ()
    assert len(chosen(True)) == 8
    names = ("vit-b16", "fracnet", "vit-b16")
    assert [one.name for one in chosen(names)] == ["vit-b16", "fracnet"]


@pytest.fixture
def config(tmp_path):
    (tmp_path / "scores.csv").write_text(
        "id,label,score\n" + "".join(f"c{n},{n % 2},{0.9 - n % 3 / 4}\n" for n in range(60)),
        encoding="utf-8",
    )

    def write(**changes):
        content = {
            "name": "small",
            "data": {
                "table": "scores.csv",
                "columns": {"id": "id", "label": "label", "score": "score"},
            },
            "detector": {
                "format": "predictions", "name": "one",
                "operating_points": [{"name": "half", "probability": 0.5, "origin": "fixed"}],
            },
            "statistics": {"draws": 200},
        }  # fmt: skip
        path = tmp_path / "audit.yaml"
        path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
        return path

    return write


def test_findings_hold_them_only_where_the_audit_file_asks(config, tmp_path):
    without = run_predictions(config(), tmp_path / "without", Overrides(), None)
    asked = run_predictions(config(literature=True), tmp_path / "with", Overrides(), None)
    assert without.literature == ()
    assert len(asked.literature) == 8
    # They are no findings: nothing that a policy reads has changed.
    assert asked.findings == without.findings


def test_unknown_name_is_a_mistake_with_its_line_and_the_name_that_was_meant(config, tmp_path):
    path = config(literature=["vit-b61"])
    with pytest.raises(ConfigError, match=r"audit.yaml:\d+.*'vit-b61'; did you mean 'vit-b16'"):
        run_predictions(path, tmp_path / "out", Overrides(), None)


def test_audit_of_a_network_may_ask_too(tmp_path, audit_text):
    path = tmp_path / "audit.yaml"
    path.write_text(audit_text + "literature: [fracnet]\n", encoding="utf-8")
    assert read_config(path)[0].literature == ("fracnet",)
    path.write_text(audit_text + "literature: [frcnet]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'fracnet'"):
        read_config(path)
