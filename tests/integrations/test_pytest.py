"""The tests of the page, run by a pytest of their own."""

import re
import tomllib

import pytest
from pages import ROOT, blocks

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.predictions import run_predictions


@pytest.fixture
def inner(shell, repository):
    def run(code, *options):
        (ini,) = blocks("gate-in-pytest.md", "ini")
        (repository / "pytest.ini").write_text(ini, encoding="utf-8")
        (repository / "test_release.py").write_text(code, encoding="utf-8")
        words = " ".join(options)
        return shell(f"python -m pytest -q -p no:cacheprovider {words} test_release.py")

    return run


@pytest.mark.heavy
def test_page(inner, repository):
    run_predictions(repository / "audit.yaml", repository / "reports/last-release", Overrides(),
                    None)  # fmt: skip
    (code,) = blocks("gate-in-pytest.md", "python")
    shown = inner(code).stdout
    assert "1 failed, 1 passed" in shown
    # The pack asks for maps, and a table of predictions has none: never a silent pass.
    assert "inconclusive maps-mean-something" in shown
    assert "auc-not-worse" not in shown


@pytest.mark.heavy
def test_failure_shows_rule_interval_and_bound(inner, repository):
    text = "name: hard\nrules:\n  - {id: steep, metric: auc, floor: 0.999}\n"
    (repository / "hard.yaml").write_text(text, encoding="utf-8")
    result = inner("def test_it(audit):\n    assert audit.passes('hard.yaml')\n")
    assert result.returncode == 1
    assert re.search(
        r"fail steep \(analysis = scored\): even the upper limit 0\.9\d+", result.stdout
    )
    assert "not the one that was fixed" in result.stdout
    strict = "def test_it(audit):\n    assert audit.passes('pack:ci-fast', strict=True)\n"
    assert inner(strict).returncode == 1
    assert inner(strict.replace(", strict=True", "")).returncode == 0


@pytest.mark.heavy
def test_folder_can_be_named_and_a_mistake_is_an_error(inner):
    code = "def test_it(audit):\n    assert audit.passes()\n"
    assert inner(code).returncode == 0
    assert "expected the folder of an audit" in inner(code, "--xaudit-audit=nowhere").stdout


def test_entry_point_is_declared():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert content["project"]["entry-points"]["pytest11"] == {"xaudit": "xaudit.pytest_plugin"}
