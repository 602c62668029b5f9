"""Permission for detectors elsewhere: where images go, what runs, what is read.

An audit file comes from anywhere. It could send the study to an address of its choice, start any
program, and put any variable of the environment into a header; so whoever runs the audit names
the same thing too, exactly.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from xaudit.errors import DetectorError
from xaudit.models.remote.address import Address
from xaudit.yaml_file import OURS

HTTP, COMMAND = "http", "command"
SERVICE = "service:"
PROGRAM = "command:"
MODEL = "model:"
RUN_CODE = "run_code"
"""Argument of formats whose files may hold code."""
_HEADER = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(\w+)\s*")


def asked(kind: str, arguments: Mapping[str, object], weights: Path | None = None) -> str | None:
    """What has to be allowed, as ``--allow-code`` names it; None where nothing has.

    Args:
        kind: format of the model.
        arguments: of its reader, as declared.
        weights: the file or folder of the model.

    Raises:
        DetectorError: the address of a service is none, or holds secrets.
    """
    url, command = arguments.get("url"), arguments.get("command")
    if kind == HTTP and isinstance(url, str):
        return f"{SERVICE}{Address.of(url).origin}"
    if kind == COMMAND and isinstance(command, str):
        return f"{PROGRAM}{command}"
    if arguments.get(RUN_CODE) and weights is not None:
        return f"{MODEL}{weights.name}"
    return None


def refused(name: str, allowed: Collection[str]) -> str | None:
    """Why it is not done, and what to type if it should be; None where it is allowed.

    Args:
        name: from `asked`.
        allowed: names of whoever runs the audit, exactly.
    """
    if name in set(allowed):
        return None
    option = f"--allow-code {shlex.quote(name)}, or in Python with allow_code"
    if name.startswith(SERVICE):
        return (
            f"the images of the study would be sent to {name.removeprefix(SERVICE)}, and an audit "
            "file does not send them anywhere by itself. If they may go there, say so with the "
            f"option {option}"
        )
    if name.startswith(MODEL):
        return (
            f"{RUN_CODE}: this runs the code that {name.removeprefix(MODEL)} brings, and an audit "
            "file does not run it by itself. If it may run, in a sandbox that sees neither "
            f"network nor other files, say so with the option {option}"
        )
    return (
        f"this starts the program {name.removeprefix(PROGRAM)!r}, and an audit file does not run "
        "programs by itself. If it may run, in a sandbox that sees neither network nor other "
        f"files, say so with the option {option}"
    )


def archive_refused(url: str, allowed: Collection[str]) -> str | None:
    """Why a study is not read from an archive, and what to type; None where it is allowed.

    Args:
        url: of the archive.
        allowed: names of whoever runs the audit, exactly.

    Raises:
        DetectorError: the address is none, or holds secrets.
    """
    name = f"{SERVICE}{Address.of(url).origin}"
    if name in set(allowed):
        return None
    return (
        f"the study would be read from {name.removeprefix(SERVICE)}, and an audit file does not "
        "connect to anything by itself. If it may, say so with the option --allow-code "
        f"{shlex.quote(name)}, or in Python with allow_code"
    )


def variables(kind: str, arguments: Mapping[str, object]) -> dict[str, str]:
    """Header → the variable that holds it, of a service; empty for everything else.

    Raises:
        DetectorError: what is written there are no names; it is not repeated, it may be a secret.
    """
    said = arguments.get("headers_from")
    if kind != HTTP or not isinstance(said, str) or not said:
        return {}
    found = [_HEADER.fullmatch(part) for part in said.split(",")]
    pairs = {one[1]: one[2] for one in found if one}
    if len(pairs) < len(found):
        raise DetectorError(
            "detector.arguments.headers_from: expected HEADER=VARIABLE, several with commas, such "
            "as Authorization=XAUDIT_TOKEN: names of variables, never what they hold"
        )
    return pairs


def unread(names: Collection[str], env: Collection[str]) -> str | None:
    """Why one of these variables is not read; None where all of them may be.

    Args:
        names: of variables.
        env: names that whoever runs the audit allows.
    """
    for name in names:
        if not name.startswith(OURS) and name not in set(env):
            return (
                f"headers_from: {name}: an audit file reads only environment variables that begin "
                f"with {OURS}; call it {OURS}{name}, or allow it with --env {name}"
            )
    return None
