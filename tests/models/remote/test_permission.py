"""What somebody has to allow, by its exact name."""

from pathlib import Path

import pytest

from xaudit.commands.options.trust import _CODE
from xaudit.errors import DetectorError
from xaudit.models.own_code import asked, refusal
from xaudit.models.remote.permission import refused, unread, variables

FORMAT = "format:x"


@pytest.mark.parametrize(
    ("kind", "architecture", "arguments", "name"),
    [
        ("http", FORMAT, {"url": "https://h:8443/a/b"}, "service:https://h:8443"),
        ("http", FORMAT, {}, None),
        ("http", FORMAT, {"url": 3}, None),
        ("command", FORMAT, {"command": "python x.py --a 'b c'"}, "command:python x.py --a 'b c'"),
        ("blocks", FORMAT, {"url": "https://h", "command": "rm"}, None),
        ("torch", "torchvision:resnet18", {"url": "https://h"}, None),
        ("torch", "nets:build", {}, "nets:build"),
        ("keras", FORMAT, {"run_code": True}, "model:m.keras"),
        ("keras", FORMAT, {"run_code": False}, None),
    ],
)
def test_what_is_asked(kind, architecture, arguments, name):
    assert asked(kind, architecture, arguments, Path("/w/m.keras")) == name
    if name is not None:
        refuse = refusal if kind == "torch" else refused
        assert refuse(name, [name]) is None
        assert _CODE.fullmatch(name)
        for other in ("", name[:-1], f"{name} ", name.upper(), "*"):
            assert refuse(name, [other]) is not None


def test_refusals_say_what_to_type():
    assert "--allow-code service:https://h:8443," in refused("service:https://h:8443", ())
    assert "--allow-code 'command:python x.py'," in refused("command:python x.py", ())


@pytest.mark.parametrize("name", ["service:https://h/path", "command:", "x", "a b:c"])
def test_the_option_takes_names_alone(name):
    assert not _CODE.fullmatch(name)


def test_variables():
    assert variables("http", {"headers_from": "Authorization=XAUDIT_T, X-Key = K"}) == {
        "Authorization": "XAUDIT_T", "X-Key": "K",
    }  # fmt: skip
    assert variables("blocks", {"headers_from": "x"}) == {}
    for wrong in ("Bearer hush", "Authorization: hush", "A=b=c", "A=B,", "=B", "A="):
        with pytest.raises(DetectorError) as caught:
            variables("http", {"headers_from": wrong})
        assert "hush" not in str(caught.value)


def test_variables_that_may_be_read():
    assert unread(["XAUDIT_T"], ()) is None
    assert unread(["XAUDIT_T", "K"], ["K"]) is None
    assert "allow it with --env K" in unread(["XAUDIT_T", "K"], ["XAUDIT_T"])
