"""Files of the current folder are data: none of them runs because of its name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("torch", "numpy", "typer", "yaml", "pathlib", "json", "timm", "sitecustomize")


@pytest.fixture
def trapped(tmp_path):
    """A folder of a stranger; whichever of its modules is imported leaves a file."""
    for name in NAMES:
        text = f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("start", [["-m", "xaudit"], [str(ROOT / "cli.py")]])
def test_modules_of_the_current_folder_do_not_run(trapped, start):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, *start, "metrics"],
        cwd=trapped, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "sensitivity" in result.stdout
    assert not (trapped / "ran").exists()


def test_modules_beside_a_checkout_that_is_not_installed_come_last(trapped):
    """The folder of ``cli.py`` holds xaudit, and has to stay on the path."""
    (trapped / "cli.py").write_text((ROOT / "cli.py").read_text("utf-8"), encoding="utf-8")
    for name in ("xaudit", "templates"):
        (trapped / name).symlink_to(ROOT / name)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "cli.py", "metrics"],
        cwd=trapped, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "sensitivity" in result.stdout
    assert not (trapped / "ran").exists()
