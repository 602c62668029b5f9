"""Models that try what they may not, harmlessly: each ends as an error with a name."""

import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.walls import sandbox_or_skip
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.heads.output import OutputSpec
from xaudit.models.sandbox import box
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import DetectorSpec

MODULE = """
import ctypes, os, socket, subprocess, sys, time
import torch

def read():
    open({secret!r}).read()
def connect():
    socket.create_connection(("127.0.0.1", 80))
def fork():
    os.fork()
def start():
    subprocess.run(["/bin/true"])
def memory():
    bytearray(100 << 30)
def tensor():
    torch.zeros(25 << 30)
def leave():
    sys.exit(0)
def odd():
    raise ValueError("odd\\x1b[31m " + "long " * 1000)
def chatter():
    print("x" * (1 << 20))
    sys.stderr.write("y" * (1 << 20))
    os.write(1, b"z" * (1 << 20))
def sleep():
    time.sleep(10**6)
def die():
    sys.stderr.write("the last words")
    os._exit(3)
def kill():
    os.kill(os.getpid(), 9)
def forge():
    for number in range(3, 64):
        try:
            os.write(number, b'{{"arrays": [["<f4", [1000000, 1], 0]]}}\\n')
        except OSError:
            pass

TRICKS = [read, connect, fork, start, memory, tensor, leave, odd, chatter, sleep, die, kill, forge]

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(16 * 16, 1)
    def forward(self, images):
        # The first pixel says what is tried.
        wish = round(float(images[0, 0, 0, 0]) * 100) if len(images) == 2 else 0
        if wish:
            TRICKS[wish - 1]()
        return self.head(images.flatten(1))
"""
NAMES = (
    "read", "connect", "fork", "start", "memory", "tensor", "leave", "odd", "chatter", "sleep",
    "die", "kill", "forge",
)  # fmt: skip


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """A detector that does what the first pixel says."""
    sandbox_or_skip()
    folder = tmp_path_factory.mktemp("tricks")
    code = folder / "code"
    code.mkdir()
    secret = folder / "patients.csv"
    secret.write_text("patient,label")
    (code / "trick_model.py").write_text(textwrap.dedent(MODULE.format(secret=str(secret))))
    weights = folder / "weights.pt"
    torch.save({"head.weight": torch.ones(1, 256) / 256, "head.bias": torch.zeros(1)}, weights)
    sys.path.insert(0, str(code))
    yield DetectorSpec(
        "tricks", "1", "trick_model:Net", weights,
        InputSpec(16, 16, channels=1, mean=(0,), std=(1,)), OutputSpec("logit"),
        allow_code=["trick_model:Net"], sandbox=True,
    )  # fmt: skip
    sys.path.remove(str(code))
    assert "trick_model" not in sys.modules


@pytest.fixture(scope="module")
def lasting(spec):
    """One of them for all that does not end it."""
    return load_declared(spec)


def asked(detector, name):
    images = np.full((2, 1, 16, 16), 0.5, np.float32)
    images[0, 0, 0, 0] = (NAMES.index(name) + 1) / 100 if name else 0
    return detector.logits(images)


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        (
            "read",
            DetectorError,
            r"FileNotFoundError.*in the sandbox there is no network.*--no-sand",
        ),
        ("connect", DetectorError, "PermissionError.*no network"),
        ("fork", DetectorError, "PermissionError.*no other process"),
        ("start", DetectorError, "PermissionError.*no other process"),
        ("memory", RuntimeError, "cannot allocate memory beyond the [0-9.]+ GB.*MemoryError"),
        ("tensor", RuntimeError, "allocate memory.*allocate memory"),
        ("leave", DetectorError, r"ends the program \(sys.exit\)"),
        ("odd", DetectorError, "ValueError: odd"),
    ],
)
def test_what_it_may_not_is_an_error_and_it_goes_on(lasting, name, error, told):
    with pytest.raises(error, match=told) as caught:
        asked(lasting, name)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert np.isfinite(asked(lasting, None)).all()


def test_what_it_prints_is_no_answer(lasting):
    expected = asked(lasting, None)
    assert np.abs(asked(lasting, "chatter") - expected).max() < 0.01


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sleep", "no answer within 5 s; in the sandbox a model has to answer"),
        ("die", "exit status 3 before it answered; its last words: the last words"),
        ("kill", "before it answered"),
        ("forge", "sandbox"),
    ],
)
def test_what_ends_it_is_named_and_loses_nothing_else(spec, monkeypatch, name, told):
    detector = load_declared(spec)
    monkeypatch.setattr(box, "_SECONDS", 5.0)
    with pytest.raises(DetectorLostError, match=told):
        asked(detector, name)
    if name != "forge":
        with pytest.raises(DetectorLostError, match="has ended"):
            asked(detector, None)


def test_it_cannot_be_loaded_as_declared(spec):
    with pytest.raises(DetectorError, match="has no function or class"):
        load_declared(
            replace(spec, architecture="trick_model:Other", allow_code=["trick_model:Other"])
        )
    with pytest.raises(DetectorError, match="--allow-code trick_model:Net"):
        load_declared(replace(spec, allow_code=()))
