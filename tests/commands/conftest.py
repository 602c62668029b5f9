import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xaudit.commands import main

# A shell that starts the tests in the background has Ctrl-C ignored, and so would the command.
START = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("xaudit", run_name="__main__", alter_sys=True)
"""
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
    """Start a command in a process of its own, which Ctrl-C reaches wherever the tests run."""

    def start(*arguments, **options):
        command = [sys.executable, "-c", START, *map(str, arguments)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    return start
