"""Two runs in one folder: the second is told, and a run that was killed keeps nobody out."""

import signal
import subprocess
import sys

import pytest

from xaudit.audit.store.lock import alone_in
from xaudit.errors import AuditError, ConfigError

_HOLDER = """
import sys, time
from pathlib import Path
from xaudit.audit.store.lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other_run(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_run_is_told_that_another_works_there(tmp_path, other_run):
    with pytest.raises(ConfigError, match="another run works in this folder"), alone_in(tmp_path):
        pytest.fail("two at once")
    assert other_run.poll() is None


def test_killed_run_keeps_nobody_out(tmp_path, other_run):
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()
    with alone_in(tmp_path):
        pass


def test_other_folders_are_free_and_the_same_one_is_afterwards(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with alone_in(tmp_path / "a"), alone_in(tmp_path / "b"):
        pass
    with alone_in(tmp_path / "a"):
        pass


def refuse(folder):
    assert folder.is_dir()
    raise ConfigError("refused")


def test_a_folder_in_which_nothing_was_written_goes_again(tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError), alone_in(tmp_path / "new" / "out"):
        refuse(tmp_path / "new" / "out")
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "there").mkdir()
    with alone_in(tmp_path / "there"):
        pass
    assert not list((tmp_path / "there").iterdir())
    with alone_in(tmp_path / "new" / "out"):
        (tmp_path / "new" / "out" / "kept").touch()
    assert (tmp_path / "new" / "out" / "kept").exists()


def test_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AuditError, match="run the same command again"), alone_in(tmp_path / "file"):
        pytest.fail("a file is no folder")
