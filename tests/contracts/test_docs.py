"""Every command that a page shows is run; every target and file that it names exists."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BASH = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
DEMO = "xaudit demo --out demo"
FENCE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page):
    for block in FENCE.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:]


def with_commands():
    return [page for page in PAGES if any(True for _ in commands(page))]


@pytest.mark.heavy
@pytest.mark.parametrize("page", with_commands(), ids=lambda page: page.stem)
def test_commands_of_a_page_run(page, whole_demo, tmp_path):
    """Each page in a folder of its own; the demo, with which most pages begin, is made once."""
    folder = tmp_path / page.stem
    shutil.copytree(ROOT / "examples", folder / "examples")
    for command in commands(page):
        if command == DEMO:
            shutil.copytree(whole_demo, folder / "demo")
        else:
            run(page, command, folder)


def run(page, command, folder):
    words = shlex.split(command)
    assert words[0] == "xaudit", f"{page.name}: only xaudit is run here: {command}"
    process = [sys.executable, "-m", "xaudit", *words[1:]]
    result = subprocess.run(process, cwd=folder, capture_output=True, text=True, check=False)
    # A verdict is not a failure of the command: 1 and 4 are the gate's answers.
    allowed = {0, 1, 4} if words[1] == "gate" else {0}
    assert result.returncode in allowed, f"{command}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_of_commands_that_need_your_data_exist(page):
    """A block of bash names files that only a reader has; its commands are not run."""
    for block in BASH.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] != ["xaudit"]:
                continue
            process = [sys.executable, "-m", "xaudit", words[1], "--help"]
            environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
            shown = subprocess.run(
                process, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
            ).stdout
            for option in (word.split("=")[0] for word in words if word.startswith("--")):
                assert re.search(rf"{option}\b", shown), f"{line}: {option}"


def test_some_page_shows_commands():
    assert ROOT / "README.md" in with_commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_that_a_page_names_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)\b(?=`|$)", page.read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
