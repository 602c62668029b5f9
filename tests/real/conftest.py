"""Audits of FracAtlas and its two detectors, which the tests of them read."""

from pathlib import Path

import pytest
import yaml
from fracatlas_files import ROOT, STUDY, WEIGHTS

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.conduct import run_audit

POLICY = """\
name: against-the-other
rules:
  - {id: auc, metric: auc, non_inferior: 0.05}
  - {id: sensitivity, metric: sensitivity, non_inferior: 0.05}
  - {id: specificity, metric: specificity, superior: 0}
  - {id: free-threshold, metric: sensitivity, where: {operating_point: specificity_90}, superior: 0}
  - {id: same-study, metric: prevalence_drift, equivalent: 0.01}
  - {id: failed, metric: failed_share, ceiling: 0.02}
"""
# Which maps are made is asserted, not how exact those are that hide parts of an image.
FEW = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "shap": {"samples": 40, "segments": 16},
    "lime": {"samples": 40, "segments": 16},
}
NONE = {"methods": {"gradcam": {}}, "gallery": False, "shortcuts": 0, "checks": {"cases": 0}}


def written(folder: Path, name: str, **changes: object) -> Path:
    """The audit file of the example for one of the detectors, with the policy of the gate."""
    content = yaml.safe_load((ROOT / "examples" / "fracatlas.yaml").read_text("utf-8"))
    content |= {"policy": "policy.yaml"} | changes
    content["device"] = str(ROOT / "examples" / content["device"])
    content["detector"]["name"] = name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def audited(config: Path, out: Path, cases: int) -> None:
    """All images scored, so many explained."""
    overrides = Overrides(STUDY.resolve(), WEIGHTS[config.stem].resolve(), cases=cases)
    run_audit(config, out, overrides, None, lambda step: None)


@pytest.fixture(scope="session")
def localizing(once) -> Path:
    """The release detector: all 600 images scored; three explained and few degraded."""

    def fill(folder):
        explain = {"cases": 3, "positives": 0.6667, "methods": FEW, "checks": {"cases": 2}}
        config = written(folder, "localizing", explain=explain, robustness={"cases": 12, "maps": 3})
        audited(config, folder / "out", 3)

    return once("fracatlas-localizing", fill) / "out"


@pytest.fixture(scope="session")
def plain(once) -> Path:
    """The other detector: all 600 images scored, none explained."""

    def fill(folder):
        config = written(folder, "plain", explain=NONE, robustness={"cases": 0, "maps": 0})
        audited(config, folder / "out", 0)

    return once("fracatlas-plain", fill) / "out"
