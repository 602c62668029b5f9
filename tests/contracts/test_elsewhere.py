"""The page on detectors that run elsewhere: its server and its program, audited to the card."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.walls import boxed_where_possible
from xaudit.commands import main
from xaudit.core.detector import InputSpec
from xaudit.core.message import in_english
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec

pytestmark = pytest.mark.heavy  # whole audits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "audit-a-service.md").read_text(encoding="utf-8")
# What the page leaves to its reader: the reference detector, as any other library would hold it.
MODEL = """
import sys
from pathlib import Path
sys.path.append({root!r})
import numpy as np, torch
from safetensors.torch import load_file
from xaudit.models.reference import small_cnn

torch.set_num_threads(1)
network = small_cnn().eval()
network.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))

def score(planes):
    with torch.inference_mode():
        return network(torch.from_numpy(np.array(planes))).numpy()
"""
POLICY = {
    "name": "of a service",
    "rules": [{"id": "auc", "metric": "auc", "floor": 0.0, "reason": "any"}],
}
LIMIT = "Der Detektor ist durch keine Datei identifiziert"


@pytest.fixture(scope="module")
def model(drawn_study, tmp_path_factory):
    """A folder with the files of the page, the model and its weights."""
    folder = tmp_path_factory.mktemp("elsewhere") / "model"
    folder.mkdir()
    for name in ("server.py", "program.py"):
        code = re.search(rf"`{name}`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)[1]
        (folder / name).write_text(code, encoding="utf-8")
    (folder / "model.py").write_text(MODEL.format(root=str(ROOT)), encoding="utf-8")
    shutil.copyfile(drawn_study / "weights.safetensors", folder / "weights.safetensors")
    return folder


@pytest.fixture(scope="module")
def address(model):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stderr": subprocess.DEVNULL, "env": {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}}
    with subprocess.Popen([sys.executable, model / "server.py", str(port)], **quiet) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as tried:
                if not tried.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture(scope="module")
def ways(model, address):
    """Format → the part of the audit file that the page shows, and its permission."""
    parts = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    http, command = (one["detector"] for one in parts)
    allowed = re.findall(r"--allow-code (?:\"(.*)\"|(\S+))$", PAGE, re.MULTILINE)
    http["arguments"] = {"url": f"{address}/score"}
    words = f"{sys.executable} {{weights}}/program.py"
    assert [one or two for one, two in allowed] == [
        "service:http://127.0.0.1:8000", f"command:{command['arguments']['command']}",
    ]  # fmt: skip
    command |= {"weights": str(model), "arguments": {"command": words}}
    return {"http": (http, f"service:{address}"), "command": (command, f"command:{words}")}


def allowed_by(name):
    """Options of this yes; without a sandbox where this machine makes none."""
    return ("--allow-code", name, *(["--no-sandbox"] if boxed_where_possible() is False else []))


@pytest.fixture
def audit(ways, drawn_study, short_audit, tmp_path):
    """Write the audit of a format: the file, where it is run to, and the options."""

    def written(kind, **explain):
        folder = shutil.copytree(drawn_study, tmp_path / "audit")
        data = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
        kept = {name: value for name, value in short_audit["detector"].items()
                if name not in {"architecture", "weights"}}  # fmt: skip
        content = short_audit | {"data": data, "policy": "policy.yaml"}
        content["detector"] = kept | ways[kind][0]
        content["explain"] = content["explain"] | {"gallery": True, **explain}
        content["robustness"] = {"cases": 4, "maps": 0, "corruptions": ["noise"]}
        (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
        (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return folder / "audit.yaml", folder / "out", allowed_by(ways[kind][1])

    return written


@pytest.fixture
def xaudit(capsys):
    """Run a command in this process; what it printed."""

    def run(*arguments, code=0):
        came = main([str(one) for one in arguments])
        said = "".join(capsys.readouterr())
        assert came == code, said
        return said

    return run


METHODS = {"gradcam": {}, "lime": {"samples": 60}, "shap": {"samples": 60}}


@pytest.mark.parametrize(
    ("kind", "executor"),
    [("http", ()), ("command", ("--executor", "processes", "--workers", "2"))],
)
def test_it_is_audited_to_the_card(audit, xaudit, ways, model, kind, executor):
    few = {"cases": 2, "methods": METHODS, "shortcuts": 2}
    file, out, allowed = audit(kind, **few)
    said = xaudit("run", file, "--out", out, code=2)
    assert f"--allow-code {allowed[1]}" in said.replace("'", "")
    xaudit("run", file, "--out", out, *allowed, *executor)
    findings = in_english(json.loads((out / "findings.json").read_text("utf-8")))
    detector = findings["detector"]
    assert detector["architecture"] == f"format:{kind}"
    assert detector["parameters"] is None
    made = {one["name"]: one["maps"] for one in findings["methods"] if not one["reference"]}
    assert made == {"lime": 2, "shap": 2}
    assert any("left out: gradcam" in one for one in detector["warnings"])
    metrics = {one["metric"] for one in findings["findings"]}
    assert {"auc", "degraded_auc", "lesion_effect"} <= metrics
    assert "randomization_similarity" not in metrics
    xaudit("gate", out)
    xaudit("card", out, "--language", "de")
    card = (out / "card.html").read_text("utf-8")
    assert "bietet nur Scores" in card
    weights = ways[kind][0].get("weights")
    assert (LIMIT in card) == (weights is None)
    assert (detector["weights_sha256"] is None) == (weights is None)
    xaudit("verify", out, *(("--weights", weights) if weights else ()))
    for path in ("plan.json", "findings.json"):
        assert str(model) not in (out / path).read_text("utf-8")


def test_check_says_where_it_runs(audit, xaudit, ways):
    file, _, allowed = audit("http", cases=0)
    said = xaudit("check", file, "--limit", "40", *allowed)
    url = ways["http"][0]["arguments"]["url"]
    assert f"detector   {url} (json); offers scores alone" in " ".join(said.split("\n"))


def test_maps_are_those_of_the_same_model_in_torch(ways, model, drawn_study, short_audit):
    declared = short_audit["detector"]
    seen = InputSpec(**declared["input"])
    torch_spec = DetectorSpec(
        "reference", "1", declared["architecture"], model / "weights.safetensors", seen
    )
    study = load_study(DataSpec(format="manifest", root=drawn_study / "study", patient="patient"))
    cases = [prepare(case, seen) for case in study.cases[:2]]
    images = np.stack([case.image for case in cases])

    def explained(spec):
        detector = load_detector(spec)
        evaluator = Evaluator(detector, micro_batch=16)
        explainers = [make_explainer(name, {"samples": 60}) for name in ("lime", "shap")]
        jobs = [Job(case, explainer) for case in cases for explainer in explainers]
        done = list(explain_all(evaluator, jobs, Context(5)))
        assert not [one.error for one in done if one.error]
        scores = evaluator.logits(images)
        if detector.elsewhere is not None:
            detector.elsewhere.close()
        return scores, np.stack([one.attribution.values for one in done])

    scores, maps = explained(torch_spec)
    for kind, (part, allowed) in ways.items():
        weights = part.get("weights")
        told, drawn = explained(
            DetectorSpec(
                "elsewhere", "1", f"format:{kind}", Path(weights) if weights else None, seen,
                arguments=part["arguments"], allow_code=[allowed], format=kind,
            )
        )  # fmt: skip
        # The evaluator folds batch norms into convolutions; the service does not.
        np.testing.assert_allclose(told, scores, rtol=0, atol=1e-4, err_msg=kind)
        np.testing.assert_allclose(drawn, maps, rtol=0, atol=1e-4 * np.abs(maps).max())
