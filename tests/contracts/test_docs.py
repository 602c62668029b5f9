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


class Shown:
    """What pages show is run; what several pages begin with is carried out once.

    Attributes:
        made: what an audit was run with → the folder that it left.
        checked: commands that check a file and leave nothing.
    """

    def __init__(self, forked, kept):
        self.forked, self.kept, self.made, self.checked = forked, kept, {}, set()

    def run(self, page, command, folder):
        words = shlex.split(command)
        assert words[0] == "xaudit", f"{page.name}: only xaudit is run here: {command}"
        result = self.forked.run(words[1:], folder, os.environ)
        # A verdict is not a failure of the command: 1 and 4 are the gate's answers.
        allowed = {0, 1, 4} if words[1] == "gate" else {0}
        assert result.returncode in allowed, f"{command}\n{result.stdout}\n{result.stderr}"

    def audit(self, page, command, folder):
        """A copy of what the same command left for another page, or what it leaves now."""
        words = shlex.split(command)
        at = words.index("--out")
        out, asked = folder / words[at + 1], (*words[:at], *words[at + 2 :])
        if asked in self.made:
            shutil.copytree(self.made[asked], out)
            return
        self.run(page, command, folder)
        kept = self.kept / str(len(self.made))
        self.made[asked] = shutil.copytree(out, kept)


@pytest.fixture(scope="module")
def shown(forked, tmp_path_factory):
    return Shown(forked, tmp_path_factory.mktemp("audits"))


@pytest.mark.heavy
@pytest.mark.parametrize("page", with_commands(), ids=lambda page: page.stem)
def test_commands_of_a_page_run(page, shown, request, tmp_path):
    """Each page in a folder of its own; the demo, with which most pages begin, is made once."""
    folder = tmp_path / page.stem
    shutil.copytree(ROOT / "examples", folder / "examples")
    seen = set()
    for command in commands(page):
        audits = command.startswith("xaudit run ") and "--ledger" not in command
        if command == DEMO:
            shutil.copytree(request.getfixturevalue("whole_demo"), folder / "demo")
        elif command.startswith("xaudit check "):
            if command not in shown.checked:
                shown.run(page, command, folder)
            shown.checked.add(command)
        # The second audit of a page is there to be compared: it is another one.
        elif audits and not seen:
            shown.audit(page, command, folder)
        else:
            shown.run(page, command, folder)
        if audits:
            seen.add(command)


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
