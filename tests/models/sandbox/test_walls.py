"""What a program sees and may do between the walls, of each kind."""

import json
import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from xaudit.models.sandbox import confine
from xaudit.models.sandbox.confine import find_sandbox, shown

TRIED = """
import json, os, resource, socket, sys
def tried(what):
    try:
        return what()
    except BaseException as error:
        return type(error).__name__
"""


def within(sandbox, code, *, seen=(), forks=False):
    """What the code says, as the last line of JSON that it prints."""
    program = [sys.executable, "-I", "-c", TRIED + textwrap.dedent(code)]
    ran = subprocess.run(
        sandbox.words(program, seen, forks=forks), capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"]}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_it_sees_what_it_is_shown_and_nothing_else(each_sandbox, tmp_path):
    mine, other = tmp_path / "model.bin", tmp_path / "study.csv"
    mine.write_text("weights")
    other.write_text("patient,label")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "part.bin").write_text("part")
    said = within(each_sandbox, f"""
        print(json.dumps({{
            "mine": tried(lambda: open({str(mine)!r}).read()),
            "part": tried(lambda: open({str(folder / "part.bin")!r}).read()),
            "other": tried(lambda: open({str(other)!r}).read()),
            "beside": tried(lambda: os.listdir({str(tmp_path)!r})),
            "root": sorted(os.listdir("/")),
            "passwords": tried(lambda: open("/etc/passwd").read()),
        }}))
    """, seen=[mine, folder])  # fmt: skip
    assert (said["mine"], said["part"]) == ("weights", "part")
    assert said["other"] == said["passwords"] == "FileNotFoundError"
    assert sorted(said["beside"]) == ["folder", "model.bin"]
    assert not {"home", "srv", "var", "run", "opt"} & set(said["root"])


def test_it_sees_by_the_way_that_it_was_shown(each_sandbox, tmp_path):
    """Also where a folder on that way is a link."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    (real / "model.bin").write_text("weights")
    link.symlink_to(real)
    said = within(each_sandbox, f"""
        print(json.dumps([open({str(link / "model.bin")!r}).read(),
                          open({str(real / "model.bin")!r}).read()]))
    """, seen=[link / "model.bin"])  # fmt: skip
    assert said == ["weights"] * 2


def test_it_writes_nothing_that_lasts(each_sandbox, tmp_path):
    mine = tmp_path / "folder"
    mine.mkdir()
    said = within(each_sandbox, f"""
        print(json.dumps({{
            "shown": tried(lambda: open({str(mine / "new")!r}, "w").write("x")),
            "beside": tried(lambda: open({str(tmp_path / "new")!r}, "w").write("x")),
            "package": tried(lambda: open({str(Path(confine.__file__).with_name("x"))!r}, "w")),
            "own": tried(lambda: open("/tmp/own", "w").write("x")),
        }}))
    """, seen=[mine])  # fmt: skip
    assert said["shown"] == said["package"] == "OSError"
    assert said["own"] == 1
    assert list(tmp_path.iterdir()) == [mine]
    assert not list(mine.iterdir())
    assert not Path("/tmp/own").exists()


def test_no_network_no_process_no_right(each_sandbox):
    said = within(each_sandbox, """
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(json.dumps({
            "socket": tried(lambda: socket.socket()),
            "local": tried(lambda: socket.socket(socket.AF_UNIX)),
            "fork": tried(os.fork),
            "spawn": tried(lambda: os.posix_spawn("/bin/true", ["true"], {})),
            "capabilities": [status[f"Cap{name}"].strip() for name in ("Prm", "Eff", "Bnd", "Amb")],
            "new rights": status["NoNewPrivs"].strip(),
            "mount": tried(lambda: __import__("ctypes").CDLL(None).unshare(0x10000000)),
            "processes": [int(one) for one in os.listdir("/proc") if one.isdigit()],
            "parent": tried(lambda: os.kill(os.getppid() or 10**6, 0)),
            "thread": tried(lambda: __import__("threading").Thread(target=len, args=("",)).start()),
            "environment": sorted(os.environ),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
        }))
    """)  # fmt: skip
    assert [said[one] for one in ("socket", "local", "fork", "spawn")] == ["PermissionError"] * 4
    assert said["capabilities"] == ["0" * 16] * 4
    assert said["new rights"] == "1"
    assert said["mount"] == -1
    assert max(said["processes"]) < 10
    assert said["thread"] is None
    assert set(said["environment"]) <= {"PATH", "PWD", "LC_CTYPE", "HOME"}
    assert said["core"] == [0, 0]
    limits = [one for one in resource.getrlimit(resource.RLIMIT_AS) if one > 0]
    assert said["memory"] == min([each_sandbox.memory, *limits])


def test_memory_has_a_limit(each_sandbox):
    said = within(each_sandbox, """
        print(json.dumps([tried(lambda: len(bytearray(100 << 30))), len(bytearray(1 << 20))]))
    """)  # fmt: skip
    assert said == ["MemoryError", 1 << 20]


def test_a_program_may_start_others_in_its_box(each_sandbox):
    said = within(each_sandbox, """
        import subprocess
        print(json.dumps({
            "child": subprocess.run(["/bin/echo", "x"], capture_output=True, text=True).stdout,
            "socket": tried(lambda: socket.socket()),
            "root": subprocess.run(["/bin/ls", "/home"], capture_output=True).returncode,
        }))
    """, forks=True)  # fmt: skip
    assert said == {"child": "x\n", "socket": "PermissionError", "root": 2}


@pytest.mark.parametrize("status", [0, 7])
def test_it_ends_as_the_program_ended(each_sandbox, status):
    code = f"import os; os._exit({status})"
    words = each_sandbox.words([sys.executable, "-I", "-S", "-c", code], ())
    assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == status


def test_where_no_walls_can_be_made_it_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setattr(confine, "_problem", lambda _sandbox: "unshare: Operation not permitted")
    monkeypatch.setattr(confine.shutil, "which", lambda _name: None)
    confine._tried.cache_clear()
    try:
        with pytest.raises(confine.DetectorError) as caught:
            find_sandbox()
    finally:
        confine._tried.cache_clear()
    said = str(caught.value)
    assert "bubblewrap is not installed; user namespaces, seccomp: unshare: Operation" in said
    assert "install bubblewrap" in said
    assert "--no-sandbox" in said


def test_walls_that_cannot_be_made_are_told(each_sandbox):
    """Within a box nobody makes another one."""
    settings = {"shown": [["/usr", "/usr"]], "memory": 1 << 30, "processes": 0}
    enter = [sys.executable, "-I", "-S", str(confine._ENTER), json.dumps(settings), "/bin/true"]
    words = each_sandbox.words(enter, (), forks=True)
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 125
    assert ran.stderr == "the sandbox cannot be made: unshare: Operation not permitted\n"


def test_packages_of_a_user_are_shown_whole_and_of_other_folders_only_code(tmp_path, monkeypatch):
    packages, project = tmp_path / "site-packages", tmp_path / "project"
    for folder in (packages / "some.libs", project / "data", project / "code"):
        folder.mkdir(parents=True)
    (project / "code" / "__init__.py").write_text("")
    (project / "model.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(packages), str(project), str(tmp_path / "missing")])
    seen = set(confine._of_python())
    assert {packages, project / "code", project / "model.py"} <= seen
    assert not {project, project / "data", tmp_path} & seen


def test_what_a_command_names_is_shown(tmp_path):
    (tmp_path / "tool").mkdir()
    script, beside = tmp_path / "tool" / "run.py", tmp_path / "tool" / "net.py"
    for path in (script, beside, tmp_path / "tool" / "patients.csv"):
        path.write_text("")
    home = tmp_path / "venv"
    (home / "bin").mkdir(parents=True)
    (home / "lib" / "python3.11").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(sys.executable)
    loose = tmp_path / "bin"
    loose.mkdir()
    (loose / "run").write_text("")
    seen = shown([str(home / "bin" / "python"), str(script), "relative.py", str(loose / "run")])
    assert {script, beside, home, loose / "run"} <= set(seen)
    assert not {tmp_path, tmp_path / "tool" / "patients.csv", loose} & set(seen)
