"""The façade, the version, and what the project says of itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import xaudit
from xaudit.audit.plan.metrics import all_metrics
from xaudit.errors import ExitCode

ROOT = Path(__file__).parents[2]


def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name]


def test_exported_names_are_sorted_and_exist():
    assert xaudit.__all__ == sorted(xaudit.__all__)
    assert all(hasattr(xaudit, name) for name in xaudit.__all__)


def test_version_is_that_of_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[([^]]+)\]", text, re.MULTILINE)[1] == xaudit.__version__
    assert f'version = "{xaudit.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_exit_codes_are_public_and_stay():
    assert {code.name: int(code) for code in ExitCode} == {
        "PASS": 0, "FAIL": 1, "USAGE": 2, "AUDIT_FAILED": 3, "INCONCLUSIVE": 4,
        "NOTHING_EVALUATED": 5, "INTERRUPTED": 130,
    }  # fmt: skip


def test_every_metric_asks_a_question():
    metrics = all_metrics()
    assert len(metrics) >= 20
    for facts in metrics:
        assert facts.question.endswith("?"), facts.name


def test_importing_the_package_needs_nothing_heavy():
    code = "import sys, xaudit; sys.exit(any(m in sys.modules for m in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "pattern",
    [
        r"(^|[^\w.])/(?:work|farm|root|home|opt)/\w",
        r"\bTODO\b|\bFIXME\b",
        r"--(?:extra-)?index-url|--find-links|file:///|https?://\S+/simple\b",
    ],
)
def test_tracked_files_hold_no(pattern):
    found = []
    for path in tracked():
        binary = {".dcm", ".png", ".safetensors", ".parquet", ".mo"}
        if path == Path(__file__) or path.suffix in binary:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[:80]}")
    assert not found, found


def test_no_tracked_file_is_over_three_megabytes():
    large = [path.name for path in tracked() if path.stat().st_size > 3 * 1024 * 1024]
    assert not large, large
