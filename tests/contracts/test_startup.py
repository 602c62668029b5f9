"""Help, a verdict and a card start in a moment: they import no library that they do not use."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from xaudit.commands import app

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "reports" / "sample"
COMMANDS = sorted(typer.main.get_command(app).commands)

SLOW = {"torch", "torchvision", "matplotlib", "pyarrow", "pandas", "PIL", "skimage", "sklearn"}
"""What draws, learns or reads tables and images."""
COMPUTES = {"scipy.stats", "scipy.optimize", "scipy.ndimage", "scipy.sparse"}
EVERYTHING = SLOW | {"numpy", "scipy", "jinja2", "filelock", "cryptography"}
"""Help needs the parts of typer, and nothing that xaudit works with."""

CODE = """
import contextlib, io, json, sys
from xaudit.commands import main
started = {}
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(arguments)
    started[" ".join(arguments)] = [int(code), sorted(sys.modules)]
print(json.dumps(started))
"""


def started(*calls):
    """Command → its exit code, and what is imported after it; one after another."""
    command = [sys.executable, "-c", CODE, json.dumps([[*map(str, call)] for call in calls])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def audit(tmp_path):
    return Path(shutil.copytree(SAMPLE, tmp_path / "audit"))


def test_help_starts_nothing_that_works():
    calls = [["--version"], ["--help"], ["gaet"], ["gate", "--sarf"], ["gate"]]
    calls += [[name, "--help"] for name in COMMANDS]
    for call, (code, modules) in started(*calls).items():
        assert code == (2 if call in {"gaet", "gate", "gate --sarf"} else 0), call
        assert not EVERYTHING & set(modules), call


def test_verdict_of_a_saved_audit_reads_no_table_and_draws_nothing(audit):
    out = [f"--{kind}={audit / kind}" for kind in ("junit", "sarif", "summary", "json")]
    calls = ([audit], [audit, "--dry-run"], [audit, *out, "--github"])
    for call, (code, modules) in started(*(["gate", *one] for one in calls)).items():
        assert code in {0, 1, 4}, call
        assert not (SLOW | COMPUTES) & set(modules), call


def test_card_of_a_saved_audit_reads_no_table_and_draws_nothing(audit):
    ((code, modules),) = started(["card", audit]).values()
    assert code == 0
    assert not (SLOW | COMPUTES) & set(modules)


def test_a_table_is_audited_without_pandas(tmp_path):
    """It takes longer to load than a table of 20,000 rows to write."""
    audit = shutil.copytree(ROOT / "examples", tmp_path / "examples") / "small-predictions.yaml"
    ((code, modules),) = started(["run", audit, "--out", tmp_path / "out"]).values()
    assert code == 0
    assert not {"torch", "pandas", "matplotlib", "scipy.stats"} & set(modules)


@pytest.mark.parametrize("call", [["schema"], ["metrics"], ["policy", "pack:release"]])
def test_what_needs_no_audit_starts_little(call):
    ((code, modules),) = started(call).values()
    assert code == 0
    assert not ((SLOW - {"PIL"}) | COMPUTES) & set(modules)
