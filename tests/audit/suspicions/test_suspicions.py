"""Names, the list of checks, and what is kept of them."""

import re
from pathlib import Path

import pytest

import xaudit
from xaudit.audit.suspicions.suspicions import (
    FILE,
    KNOWN,
    Noticed,
    answered,
    keep_noticed,
    read_noticed,
    refuse_unknown,
)
from xaudit.core.record.suspicion import Suspicion
from xaudit.errors import ConfigError

PAGE = Path(xaudit.__file__).parents[1] / "docs" / "reference" / "suspicions.md"


def names_in_code():
    code = (path.read_text() for path in Path(xaudit.__file__).parent.rglob("*.py"))
    return {name for text in code for name in re.findall(r'Suspicion\(\s*"(\w+)"', text)}


def test_every_name_is_known_and_documented():
    assert names_in_code() == set(KNOWN)
    assert list(KNOWN) == sorted(KNOWN)
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))
    assert described == set(KNOWN)


def test_unknown_names_are_refused_with_the_known_ones():
    refuse_unknown(("constant_score",))
    with pytest.raises(ValueError, match=r"\['costant_score'\]; there is: constant_score, "):
        refuse_unknown(("costant_score",))
    with pytest.raises(ValueError, match="each name once"):
        refuse_unknown(("constant_score", "constant_score"))


def test_each_name_stands_once_and_says_whether_it_is_acknowledged():
    found = [Suspicion("b", "first"), Suspicion("b", "second"), Suspicion("a", "other")]
    assert answered(found, ["b"]) == (
        Suspicion("a", "other"), Suspicion("b", "first", acknowledged=True),
    )  # fmt: skip


def test_what_was_noticed_is_read_back(tmp_path):
    assert read_noticed(tmp_path) == Noticed()
    noticed = Noticed((Suspicion("a", "text"),), ("a", "b"))
    assert keep_noticed(tmp_path, noticed) == noticed == read_noticed(tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_noticed(tmp_path)
