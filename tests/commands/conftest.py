import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xaudit.commands import main

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"


@pytest.fixture
def sample(tmp_path):
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


@pytest.fixture
def xaudit(capsys):
    """Run a command in this process; the exit code and what it printed."""

    def run(*arguments):
        code = main([str(one) for one in arguments])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return run


@pytest.fixture
def process():
    """Start a command in a process of its own."""

    def start(*arguments, **options):
        command = [sys.executable, "-m", "xaudit", *map(str, arguments)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    return start
