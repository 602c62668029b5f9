"""Small real packages, written from the pages that show them, installed and used."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.forked import Forked
from xaudit.phantom.demo import REFERENCE_WEIGHTS

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
EXAMPLES = Path(__file__).parents[2] / "examples"
LANGUAGES = {".py": "python", ".toml": "toml"}


@pytest.fixture(scope="session")
def install(tmp_path_factory):
    """Install the package of a page as pip leaves it; the environment that sees it."""

    def made(page, *names):
        base = tmp_path_factory.mktemp("package")
        text = (PAGES / page).read_text(encoding="utf-8")
        source, target = base / "source", base / "site"
        source.mkdir()
        for name in (*names, "pyproject.toml"):
            block = rf"`{name}`:\n\n```{LANGUAGES[Path(name).suffix]}\n(.*?)```"
            (source / name).write_text(re.search(block, text, re.DOTALL)[1], encoding="utf-8")
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "install", *options, "--target", target, source]
        subprocess.run(pip, check=True, capture_output=True)
        paths = filter(None, (str(target), os.environ.get("PYTHONPATH")))
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}

    return made


@pytest.fixture(scope="session")
def forked():
    """Runs commands of xaudit in processes of their own that start in no time."""
    server = Forked()
    yield server
    server.close()


@pytest.fixture(scope="session")
def xaudit_of(forked):
    """Run xaudit in an environment; what it printed."""

    def run(environment, *arguments, code=0):
        made = forked.run(arguments, Path.cwd(), environment)
        assert made.returncode == code, made.stdout + made.stderr
        return made.stdout + made.stderr

    return run


@pytest.fixture(scope="session")
def drawn_study(phantom_folder, tmp_path_factory):
    """A folder with a drawn study and the weights of the reference detector; not to be changed."""
    folder = tmp_path_factory.mktemp("drawn")
    shutil.copytree(phantom_folder / "study", folder / "study")
    shutil.copyfile(REFERENCE_WEIGHTS, folder / "weights.safetensors")
    return folder


@pytest.fixture(scope="session")
def short_audit():
    """The content of an audit file that takes seconds; its study is still to be named."""
    return {
        "name": "parts of a package",
        "detector": {
            "name": "reference",
            "architecture": "xaudit.models.reference:small_cnn",
            "weights": "weights.safetensors",
            "input": {"height": 224, "width": 160, "channels": 1, "mean": [0.35], "std": [0.25]},
            "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
        },
        "explain": {
            "cases": 18, "positives": 0.6667, "gallery": False, "methods": {"gradcam": {}},
            "checks": {"cases": 0}, "shortcuts": 0,
        },
        "robustness": {"cases": 0, "maps": 0},
        "statistics": {"draws": 200},
    }  # fmt: skip


@pytest.fixture
def table_audit(xaudit_of, tmp_path):
    """A finished audit of a small table of predictions, judged."""
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    xaudit_of(os.environ, "run", folder / "small-predictions.yaml", "--out", tmp_path / "audit")
    return tmp_path / "audit"
