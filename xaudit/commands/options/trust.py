"""Trust in an audit file, by whoever types a command: code, services, variables."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from xaudit.errors import XauditError
from xaudit.yaml_file import OURS

_CODE = re.compile(r"[\w.]+:\w+|service:https?://[^/\s]+|command:\S.*|model:\S.*")
_VARIABLE = re.compile(r"\w+")
_SHORT = 4


def _factories(names: list[str] | None) -> list[str]:
    named = "module:factory, service:https://HOST, command:WORDS or model:FILE"
    return _all_match(names, _CODE, f"{named}, exactly as the audit file names it")


def _variables(names: list[str] | None) -> list[str]:
    return _all_match(names, _VARIABLE, "the name of an environment variable, such as DATA_ROOT")


def _all_match(names: list[str] | None, pattern: re.Pattern[str], expected: str) -> list[str]:
    for name in names or ():
        if not pattern.fullmatch(name):
            raise typer.BadParameter(f"expected {expected}, got {name!r}")
    return names or []


AllowCode = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODULE:FACTORY",
        callback=_factories,
        help="Run this code, which the audit file names and which is not of torchvision, timm or "
        "xaudit; send images to this service (service:https://HOST), start this program "
        "(command:WORDS), run the code in this file of a model (model:FILE); repeatable.",
    ),
]
InSandbox = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="Whether the model runs in a process that sees no network, no file besides its own "
        "and no other process; by default for code that is none of torchvision, timm or xaudit, "
        "and for programs.",
        show_default=False,
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        callback=_variables,
        help=f"Files may read this environment variable besides those that begin with {OURS}; "
        "repeatable.",
    ),
]


@contextmanager
def untold(names: Collection[str]) -> Iterator[None]:
    """Errors say ``${NAME}`` where they would print what a named variable holds: it may be a token.

    Args:
        names: of the variables; values of a few characters are no secrets and stay.
    """
    try:
        yield
    except XauditError as error:
        text = str(error)
        for name in names:
            value = os.environ.get(name, "")
            if len(value) > _SHORT:
                text = text.replace(value, f"${{{name}}}")
        raise type(error)(text) from None
