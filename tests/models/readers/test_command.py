"""Programs that answer right, slowly, wrongly, too much or never."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.walls import sandbox_or_skip
from xaudit.core.detector import Elsewhere, InputSpec
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.readers import command
from xaudit.models.spec import DetectorSpec

SEEN = InputSpec(16, 16, channels=1)

HEAD = """
import json, os, sys, time
import numpy as np
WEIGHTS = np.arange(256, dtype=np.float32).reshape(16, 16) / 256
def score(planes):
    return (planes[:, 0] * WEIGHTS).sum(axis=(1, 2))[:, None]
def questions():
    while line := sys.stdin.buffer.readline():
        head = json.loads(line)
        size = 4 * int(np.prod(head["shape"]))
        raw = sys.stdin.buffer.read(size)
        yield np.frombuffer(raw, "<f4").reshape(head["shape"])
def say(what):
    print(json.dumps(what), flush=True)
"""
STREAM = """
for planes in questions():
    say({"scores": score(planes).tolist()})
"""
FOLDER = """
for name in reversed(sys.argv[1:]):
    say({"file": name, "scores": score(np.load(name)[None])[0].tolist()})
"""
WEIGHTS = np.arange(256, dtype=np.float32).reshape(16, 16) / 256


def score(planes):
    return (planes[:, 0] * WEIGHTS).sum(axis=(1, 2))[:, None]


def planes(count=5):
    return np.random.default_rng(1).random((count, 1, 16, 16)).astype(np.float32)


@pytest.fixture
def model(tmp_path):
    """A model of this code; closed at the end."""
    made = []

    def read(code, **options):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "model.py").write_text(HEAD + textwrap.dedent(code), encoding="utf-8")
        words = f"{sys.executable} {{weights}}/model.py"
        made.append(command.read(folder, command=words, **({"timeout": 60} | options)))
        return made[-1]

    yield read
    for one in made:
        one.close()


def ends(pid, seconds=5.0):
    """Whether a process is gone, or a zombie that others have to bury, in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_program_is_started_once_and_asked_in_batches(model):
    asked = model(
        """
        count = 0
        for planes in questions():
            count += 1
            say({"scores": [[float(value), count, os.getpid()] for value in score(planes)[:, 0]]})
        """,
        batch=2,
    )
    assert isinstance(asked, Elsewhere)
    first, again = asked(planes()), asked(planes())
    np.testing.assert_allclose(first[:, :1], score(planes()), rtol=1e-6)
    assert first[:, 1].tolist() == [1, 1, 2, 2, 3]
    assert again[:, 1].tolist() == [4, 4, 5, 5, 6]
    assert len({*first[:, 2], *again[:, 2]}) == 1
    pid = int(first[0, 2])
    asked.close()
    assert ends(pid)


SEES = """
import socket, subprocess
def tried(what):
    try:
        what()
        return 1.0
    except BaseException:
        return 0.0
"""
LOOKS = """
seen = [tried(lambda: open({secret!r})), tried(socket.socket), tried(lambda: open("/etc/passwd")),
        tried(lambda: subprocess.run(["/bin/true"], check=True))]
"""


@pytest.mark.parametrize("protocol", ["stream", "folder"])
def test_a_program_in_the_sandbox_sees_its_images_and_its_own_files(protocol, tmp_path):
    sandbox_or_skip()
    secret, folder = tmp_path / "patients.csv", tmp_path / "model"
    secret.write_text("patient", encoding="utf-8")
    folder.mkdir()
    looks = SEES + LOOKS.format(secret=str(secret))
    says = {
        "stream": """
for planes in questions():
    say({"scores": [[float(value), *seen] for value in score(planes)[:, 0]]})
""",
        "folder": """
for name in sys.argv[1:]:
    say({"file": name, "scores": [float(score(np.load(name)[None])[0, 0]), *seen]})
""",
    }[protocol]
    (folder / "model.py").write_text(HEAD + looks + says, encoding="utf-8")
    spec = DetectorSpec(
        "p", "1", "format:command", folder, SEEN, OutputSpec(), format="command", sandbox=True
    )
    words = f"{sys.executable} {{weights}}/model.py"
    asked = command.read(folder, command=words, protocol=protocol, timeout=60, spec=spec)
    try:
        made = asked(planes(3))
    finally:
        asked.close()
    np.testing.assert_allclose(made[:, :1], score(planes(3)), rtol=1e-6)
    # Neither the study nor a socket nor the list of users; a process of its own it may start.
    assert made[:, 1:].tolist() == [[0, 0, 0, 1]] * 3


@pytest.mark.parametrize("files", ["npy", None])
def test_a_program_takes_files(model, files):
    made = model(FOLDER, protocol="folder", batch=3, **({"files": files} if files else {}))
    np.testing.assert_allclose(made(planes()), score(planes()), rtol=1e-6)


def test_pictures_are_rounded_to_a_byte(model):
    made = model(
        """
        from PIL import Image
        for name in sys.argv[1:]:
            image = np.asarray(Image.open(name), dtype=np.float32) / 255
            say({"file": os.path.basename(name), "scores": float(score(image[None, None])[0, 0])})
        """,
        protocol="folder",
        files="png",
    )
    np.testing.assert_allclose(made(planes()), score(np.round(planes() * 255) / 255), rtol=1e-5)
    with pytest.raises(DetectorError, match=r"declare mean 0 and std 1.*or take files: npy"):
        made(planes() - 0.5)


def test_it_sees_no_environment_and_no_files(model, monkeypatch):
    monkeypatch.setenv("XAUDIT_TOKEN", "hush")
    made = model(
        """
        for planes in questions():
            print(os.listdir("."), sorted(os.environ), file=sys.stderr, flush=True)
            os._exit(7)
        """
    )
    with pytest.raises(DetectorLostError, match="exit status 7 before it answered") as caught:
        made(planes())
    said = str(caught.value).partition("its last words: ")[2]
    names = set(eval(said.partition("] ")[2]))
    assert said.startswith("[] ")
    assert names <= {"LANG", "LC_CTYPE", "PATH", "PYTHONDONTWRITEBYTECODE"}


WRONG = [
    ("sys.exit(3)", "ended with exit status 3"),
    ("os.kill(os.getpid(), 9)", "ended with signal 9"),
    ("raise ValueError('no weights\\x1b[31m')", r"its last words: .*ValueError: no weights\\x1b"),
    ("next(questions()); say({'scores': [[1.0]]}); time.sleep(9)", "5 rows, one for each image"),
    ("next(questions()); say({'scores': [[1.0], [2.0, 3.0], [1.0], [1.0], [1.0]]}); time.sleep(9)",
     "rows of equally many scores"),
    ("next(questions()); say({'scores': [['1']] * 5}); time.sleep(9)", "rows of numbers"),
    ("next(questions()); say({'scores': [[float('nan')]] * 5}); time.sleep(9)", "finite scores"),
    ("next(questions()); say({'score': 1}); time.sleep(9)", "got '{\"score\": 1}'"),
    ("print('Loading …', flush=True); time.sleep(9)", "got 'Loading …'"),
    ("next(questions()); os.write(1, b'1,' * 500_000); time.sleep(9)", "more than .* bytes"),
    ("next(questions()); os.write(1, b'{}\\n{}\\n'); time.sleep(9)", "printed another line"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "told"), WRONG, ids=[told for _, told in WRONG])
def test_wrong_programs_are_told(model, code, told):
    made = model(code)
    with pytest.raises(DetectorLostError, match=told):
        made(planes())
    with pytest.raises(DetectorLostError, match="run` again starts it again"):
        made(planes())


@pytest.mark.parametrize(
    "code",
    ["next(questions())", "pass", "print('{', flush=True, end='')"],
)
def test_a_program_that_never_answers(model, code):
    made = model(f"{code}; time.sleep(60)", timeout=1.0)
    began = time.monotonic()
    with pytest.raises(DetectorLostError, match="no answer within 1 s"):
        made(planes(400))
    assert time.monotonic() - began < 8


def test_complaints_do_not_stop_it(model):
    made = model(
        """
        os.write(2, b"note " * 200_000)
        for planes in questions():
            os.write(2, b"note " * 200_000 + b"the end\\n")
            say({"scores": score(planes).tolist()})
        """
    )
    np.testing.assert_allclose(made(planes()), score(planes()), rtol=1e-6)
    np.testing.assert_allclose(made(planes()), score(planes()), rtol=1e-6)


def test_what_it_forked_ends_with_it(model):
    made = model(
        """
        child = os.fork()
        if not child:
            time.sleep(600)
        for planes in questions():
            say({"scores": [[child]] * len(planes)})
        """
    )
    child = int(made(planes(1))[0, 0])
    assert not ends(child, 0.1)
    made.close()
    assert ends(child)


def running(words):
    """Processes whose command holds these words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # It may end while it is looked at.
            with contextlib.suppress(OSError):
                found += [folder.name] * (words.encode() in (folder / "cmdline").read_bytes())
    return found


@pytest.mark.heavy
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("boxed", [False, True])
def test_it_ends_with_whoever_asked_even_if_that_is_killed(tmp_path, how, boxed):
    if boxed:
        sandbox_or_skip()
    (tmp_path / "model.py").write_text(
        HEAD + "for planes in questions(): say({'scores': [[1.0]]})", encoding="utf-8"
    )
    program = f"{tmp_path}/model.py"
    asking = textwrap.dedent(f"""
        import numpy as np, os, signal, time
        # What started it may ignore Ctrl+C, which would stay so.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from xaudit.core.detector import InputSpec
        from xaudit.models.readers import command
        from xaudit.models.spec import DetectorSpec
        spec = DetectorSpec("p", "1", "format:command", None, InputSpec(16, 16), sandbox={boxed})
        model = command.read(command={f"{sys.executable} {program}"!r}, spec=spec)
        print(int(model(np.zeros((1, 1, 4, 4), dtype="f4"))[0, 0]), flush=True)
        time.sleep(60)
    """)
    asked = [sys.executable, "-c", asking]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b"1\n"
        assert len(running(program)) > 1
        process.send_signal(how)
    until = time.monotonic() + 10
    while running(program) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(program)


FOLDERS = [
    ("say({'file': sys.argv[1], 'scores': [1.0]})", "a line for each of 5 files, got 1"),
    ("[say({'file': 'a.npy', 'scores': [1.0]}) for _ in sys.argv]", "two lines are of 'a.npy'"),
    ("say([1.0])", "expected {\"file\": …, \"scores\": "),
    ("sys.exit('no GPU')", "exit status 1 before it answered; its last words: no GPU"),
    ("time.sleep(60)", "no answer within 2 s"),
    ("sys.stdin.read(); say({'file': 'x', 'scores': [1.0]})", "for each of 5 files"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "told"), FOLDERS, ids=[told for _, told in FOLDERS])
def test_wrong_answers_about_files(model, code, told):
    made = model(code, protocol="folder", timeout=2.0 if "sleep" in code else 60.0)
    with pytest.raises(DetectorLostError, match=told):
        made(planes())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"command": "no-such-program --x"}, "no program 'no-such-program'; expected one of PATH"),
        ({"command": "python 'x"}, "cannot be split into words"),
        ({"command": "''"}, "no program ''"),
        ({"command": "python {weights}"}, "name the file or folder as detector.weights"),
        ({"command": "python x", "files": "png"}, "files: is of protocol folder"),
    ],
)
def test_options_fit_together(options, told):
    with pytest.raises(DetectorError, match=told):
        command.read(**options)


def test_no_shell_reads_it(tmp_path):
    made = command.read(command=f"echo {{}} ; touch {tmp_path}/there $HOME", batch=1)
    with pytest.raises(DetectorLostError, match=r"got '\{\} ; touch .* \$HOME"):
        made(planes(1))
    assert not (tmp_path / "there").exists()


def test_a_program_is_a_detector_with_the_hash_of_its_folder(tmp_path):
    (tmp_path / "model.py").write_text(HEAD + STREAM, encoding="utf-8")
    words = f"{sys.executable} {{weights}}/model.py"
    spec = DetectorSpec(
        "program", "1", "format:command", tmp_path, SEEN, OutputSpec("logit"),
        arguments={"command": words, "batch": 4}, allow_code=[f"command:{words}"],
        format="command",
    )  # fmt: skip
    detector = load_detector(spec)
    listed = "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    made = subprocess.run(listed, shell=True, cwd=tmp_path, capture_output=True, check=True)
    assert detector.weights_sha256 == made.stdout.decode().split()[0]
    assert detector.source == f"{words} (stream)"
    assert str(tmp_path) not in detector.source
    assert detector.batch == 4
    detector.elsewhere.close()
    with pytest.raises(DetectorError, match="does not run programs by itself"):
        load_detector(replace(spec, allow_code=["command:python"]))
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]
    assert os.getcwd() != str(tmp_path)
