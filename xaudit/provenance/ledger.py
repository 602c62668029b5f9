"""A record of every use of a test set: append-only JSON lines, each with the hash of the last.

Whoever tunes on a test set again and again fits it, whatever the intervals say (FDA's guidance on
CADe devices asks how often a test set was used). The chain shows a line that was changed, taken
out or put in. It cannot show that lines at the end, or the whole file, were taken away; that the
head is kept beside each audit and the file is committed with the code shows that.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from xaudit import __version__
from xaudit.audit.store.adapter import adapter
from xaudit.audit.store.disk import append, disk_errors, make_folder, sync_folder
from xaudit.errors import ConfigError

FIRST = "0" * 64
"""What stands for the hash of the line before the first."""


@dataclass(frozen=True, slots=True)
class Use:
    """One line of a ledger.

    Attributes:
        event: "run" when an audit was finished, "gate" when it was judged.
        study: hash of the study.
        plan: hash of the plan of the audit.
        detector: name and version.
        policy: hash of the policy; None where none was judged.
        result: what came out, in a few words.
        when: ISO 8601, UTC.
        version: of xaudit.
        previous: hash of the line before.
        sha256: hash of all of this.
    """

    event: Literal["run", "gate"]
    study: str
    plan: str
    detector: str
    policy: str | None
    result: str
    when: str = ""
    version: str = __version__
    previous: str = FIRST
    sha256: str = ""

    def sealed(self, previous: str) -> Use:
        """The line behind another one, with its own hash."""
        return _hashed(replace(self, previous=previous))


def read_ledger(path: Path) -> tuple[Use, ...]:
    """Read and verify a ledger; one that does not exist is empty.

    Raises:
        ConfigError: a line cannot be read, was changed, or lines are missing; names the line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{path}: the ledger cannot be read: {error}") from None
    return _verified(path, _decoded(path, content))


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: the ledger cannot be read: {error}") from None


def _verified(path: Path, text: str) -> tuple[Use, ...]:
    if text and not text.endswith("\n"):
        raise ConfigError(
            f"{path}:{text.count(chr(10)) + 1}: the last line has no end: it was cut off while it "
            "was written or later; restore the file from where it is kept (if xaudit was killed or "
            "the power failed at that moment, delete this piece of a line: it was never confirmed)"
        )
    uses: list[Use] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            use = adapter(Use).validate_json(line)
        except ValidationError as error:
            raise ConfigError(
                f"{path}:{number}: is no line of a ledger: {error.errors()[0]['msg']}"
            ) from None
        if use != _hashed(use):
            raise ConfigError(f"{path}:{number}: was changed after it was written")
        if use.previous != (uses[-1].sha256 if uses else FIRST):
            raise ConfigError(
                f"{path}:{number}: does not follow the line before it: lines were taken out, put "
                "in or moved"
            )
        uses.append(use)
    return tuple(uses)


def append_use(path: Path, use: Use) -> tuple[Use, ...]:
    """Verify the ledger and write a line at its end, while no other process does.

    Args:
        path: of the ledger; made if it does not exist.
        use: without time and hashes.

    Returns:
        All lines, the new one last.

    Raises:
        ConfigError: the ledger is damaged; nothing is written.
        AuditError: it cannot be written.
    """
    with disk_errors(path):
        make_folder(path.parent)
        with path.open("a+b", buffering=0) as file:
            _lock(file)
            file.seek(0)
            there = _verified(path, _decoded(path, file.read()))
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            new = replace(use, when=now).sealed(there[-1].sha256 if there else FIRST)
            line = json.dumps(asdict(new), sort_keys=True, allow_nan=False) + "\n"
            append(file, line.encode())
        if not there:
            sync_folder(path.parent)
    return (*there, new)


def uses_before(uses: Sequence[Use], study: str, plan: str) -> int:
    """How many other audits of this study were recorded before the first line of this plan?

    Args:
        uses: of a ledger.
        study: hash of the study.
        plan: hash of the plan of this audit.
    """
    earlier: set[str] = set()
    for use in uses:
        if use.plan == plan:
            break
        if use.study == study:
            earlier.add(use.plan)
    return len(earlier)


if sys.platform == "win32":

    def _lock(file: io.FileIO) -> None:
        """Nothing: a second writer breaks the chain there, and the next reader says so."""

else:
    import fcntl

    def _lock(file: io.FileIO) -> None:
        """Wait until no other process writes; given back when the file is closed."""
        fcntl.flock(file, fcntl.LOCK_EX)


def _hashed(use: Use) -> Use:
    content = {name: value for name, value in asdict(use).items() if name != "sha256"}
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return replace(use, sha256=hashlib.sha256(text.encode()).hexdigest())
