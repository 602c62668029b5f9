"""A scratch repository with what a user has, and ``xaudit`` on the path."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A table of predictions, its audit file and policy, audited once."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copy(ROOT / "examples" / "small-predictions.csv", folder)
    text = (ROOT / "examples" / "small-predictions.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^  intersections.*\n", "", text).replace("small-policy.yaml", "policy.yaml")
    (folder / "audit.yaml").write_text(text, encoding="utf-8")
    policy = "name: ours\nrules:\n  - {id: auc, metric: auc, floor: 0.85, reason: r}\n"
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    command = [sys.executable, "-m", "xaudit", "run", "audit.yaml", "--out", "reports/audit"]
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, capture_output=True)
    return folder


def environment(folder, **more):
    """Of a process whose ``xaudit`` is this checkout."""
    tools = folder.parent / "tools"
    tools.mkdir(exist_ok=True)
    for name, words in (("xaudit", '-m xaudit "$@"'), ("python", '"$@"')):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n', "utf-8")
        (tools / name).chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | more


@pytest.fixture
def repository(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "repository"))


@pytest.fixture
def shell(repository):
    """Run a script in the repository."""

    def run(script, **variables):
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=repository, env=environment(repository, **variables),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run
