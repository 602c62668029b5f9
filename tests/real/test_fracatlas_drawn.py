"""FracAtlas as detection and as segmentation: trained in little, audited, judged, printed."""

import json
import subprocess
import sys

import pytest
import yaml
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY, WEIGHTS

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.verify.verify import verify_folder

pytestmark = NEEDS_FRACATLAS
EXAMPLES = ROOT / "examples"
FILMS = 10
FEW = {
    "explain": {
        "cases": 2, "methods": {"gradcam": {}}, "checks": {"cases": 0}, "shortcuts": 0,
        "gallery": False,
    },
    "robustness": {"cases": 0, "maps": 0},
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn(once):
    """The study with its folds, and weights that a moment of training gives."""

    def fill(folder):
        command = [sys.executable, EXAMPLES / "train_fracatlas_drawn.py", STUDY.resolve(),
                   WEIGHTS["localizing"].resolve(), folder / "drawn", "--films", str(FILMS),
                   "--epochs", "3"]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    return once("fracatlas-drawn", fill) / "drawn"


@pytest.mark.parametrize(
    ("name", "metric"), [("boxes", "lesion_sensitivity"), ("masks", "lesionwise_sensitivity")]
)
def test_each_film_is_judged_by_the_network_of_its_fold(name, metric, drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("XAUDIT_DRAWN", str(drawn))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    content = yaml.safe_load((EXAMPLES / f"fracatlas-{name}.yaml").read_text("utf-8"))
    content["statistics"]["draws"] = 200
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content | FEW), encoding="utf-8")
    given = Overrides(allow_code=(f"fracatlas_drawn:{name}",), sandbox=False)
    run_audit(tmp_path / "audit.yaml", tmp_path / "out", given, None, lambda step: None)
    found = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))
    assert found["study"]["cases"] == 2 * FILMS
    values = {one["metric"]: one["estimate"] for one in found["findings"]
              if "group" not in one["scope"]}  # fmt: skip
    assert values[metric]["n"] >= FILMS
    assert values["auc"]["value"] > 0.5
    judge_audit(tmp_path / "out")
    page = write_cards(tmp_path / "out").read_text(encoding="utf-8")
    assert f'id="{"detection" if name == "boxes" else "segmentation"}"' in page
    assert not [one for one in verify_folder(tmp_path / "out") if one.differences]
