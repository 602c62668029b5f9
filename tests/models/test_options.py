"""Options of readers: known, there, and of their type."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from xaudit.errors import DetectorError
from xaudit.models.options import checked_options


def read(path, needed: int, kind: Literal["a", "b"] = "a", share: float = 1.0, free=None):
    """Says nothing."""


def of_missing_types(path, one: "Missing" = 1):  # noqa: F821
    """Of a package that imports its types for the type checker alone."""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "arguments.needed: is missing; format x needs it"),
        ({"needed": 1, "other": 2}, "arguments.other: format x has no such option"),
        ({"needed": "1"}, "arguments.needed: input should be a valid integer, got '1'"),
        ({"needed": True}, "arguments.needed: input should be a valid integer, got True"),
        ({"needed": 1, "kind": "c"}, "arguments.kind: input should be 'a' or 'b', got 'c'"),
        ({"needed": 1, "share": None}, "arguments.share: input should be a valid number"),
    ],
)  # fmt: skip
def test_wrong_options(given, told):
    with pytest.raises(DetectorError, match=told):
        checked_options(read, "x", given)


def test_right_options():
    assert checked_options(read, "x", {"needed": 1, "share": 2, "free": "any"}) == {
        "needed": 1, "share": 2.0, "free": "any",
    }  # fmt: skip
    assert checked_options(of_missing_types, "x", {"one": "any"}) == {"one": "any"}


def test_limits():
    def limited(path, share: Annotated[float, Field(ge=0, le=1)] = 0.5):
        """Says nothing."""

    with pytest.raises(DetectorError, match="less than or equal to 1, got 2"):
        checked_options(limited, "x", {"share": 2})
