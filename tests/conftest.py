"""For every test: one thread for each worker, no clock, and a small audit that runs in seconds.

Workers of pytest-xdist share the cores. How long an example of Hypothesis takes says how busy the
machine is, not whether the code is right.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read by OpenMP when torch is imported, and handed on to processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where a test asks for two threads, one that waits for the other must not keep its core busy.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """One folder of all workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def once(shared_folder):
    """Make a folder once for all workers, by name and what fills it; not to be written to."""

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder, whole = shared_folder / name, shared_folder / f"{name}.whole"
        with FileLock(f"{folder}.lock"):
            if not whole.exists():
                # What a worker left that failed is no beginning for the next one.
                shutil.rmtree(folder, ignore_errors=True)
                fill(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(autouse=True)
def drawn_alike():
    """A network that a test makes without a seed has the same weights in every run."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def state_home(shared_folder):
    """Keys of patients' codes are kept here, not in the home of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(shared_folder / "state"))
        yield


@pytest.fixture(scope="session")
def whole_demo(once):
    """The folder that `xaudit demo` leaves; `.ci/run` names the one that it has just made."""

    def fill(folder):
        if MADE_DEMO in os.environ:
            shutil.copytree(os.environ[MADE_DEMO], folder)
            return
        command = [sys.executable, "-m", "xaudit", "demo", "--out", str(folder)]
        subprocess.run(command, capture_output=True, text=True, check=True)

    return once("whole-demo", fill)


MADE_DEMO = "XAUDIT_TEST_DEMO"
CHEAP = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "shap": {"samples": 40, "segments": 16},
    "lime": {"samples": 40, "segments": 16},
}


def audit_text(**changes):
    content = {
        "name": "small",
        "seed": 5,
        "data": {
            "format": "manifest",
            "root": "study",
            "manifest": "manifest.csv",
            "patient": "patient",
            "site": "site",
            "groups": ["sex", "body_part", "site"],
        },
        "detector": {
            "name": "reference",
            "architecture": "xaudit.models.reference:small_cnn",
            "weights": "weights.safetensors",
            "input": {
                "height": 224, "width": 160, "channels": 1, "mean": [0.35], "std": [0.25],
            },
            "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
        },
        "explain": {
            "cases": 6, "positives": 0.6667, "micro_batch": 8, "methods": CHEAP,
            "checks": {"cases": 0},
        },
        # Every corruption is tested where it is; an audit shows that there are several.
        "robustness": {"cases": 16, "maps": 2, "corruptions": ["noise", "rotation"]},
        "statistics": {"draws": 200, "prevalence": 0.25},
        "policy": "policy.yaml",
    }  # fmt: skip
    # As it stands here: methods in another order than that of the alphabet.
    return yaml.safe_dump(content | changes, sort_keys=False)


POLICY = """\
name: small
rules:
  - {id: auc, metric: auc, floor: 0.5, reason: better than chance}
"""


@pytest.fixture(scope="session", name="audit_text")
def audit_text_fixture():
    return audit_text()


@pytest.fixture(scope="session")
def phantom_folder(once):
    from xaudit.phantom.study import phantom_study
    from xaudit.phantom.write import write_study

    return once("phantom", lambda folder: write_study(phantom_study(77, 40, 0.5), folder / "study"))


def fill_workspace(phantom_folder: Path, folder: Path) -> Path:
    """Put a study of its own, weights, a policy and an audit file into a folder."""
    from xaudit.phantom.demo import REFERENCE_WEIGHTS

    shutil.copytree(phantom_folder / "study", folder / "study")
    shutil.copyfile(REFERENCE_WEIGHTS, folder / "weights.safetensors")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "audit.yaml").write_text(audit_text(), encoding="utf-8")
    return folder


@pytest.fixture
def workspace(phantom_folder, tmp_path):
    """A folder with a study of its own, weights, a policy and an audit file."""
    return fill_workspace(phantom_folder, tmp_path)


@pytest.fixture(scope="session")
def finished(phantom_folder, once) -> Path:
    """A finished audit; not to be changed."""
    from xaudit.audit.config.read_config import Overrides
    from xaudit.pipeline.conduct import run_audit

    def fill(folder):
        fill_workspace(phantom_folder, folder)
        run_audit(folder / "audit.yaml", folder / "out", Overrides(), None, lambda step: None)

    return once("finished", fill) / "out"
