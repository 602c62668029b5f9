"""The JSON files of an audit: written whole or not at all, read back as the same objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from xaudit.audit.store.adapter import adapter
from xaudit.audit.store.disk import discard_damaged, new_file
from xaudit.audit.store.version_1 import recognized, with_names_of_today
from xaudit.core.record.finding import SCHEMA_VERSION, Findings
from xaudit.core.record.policy import VERDICT_SCHEMA_VERSION, Verdict
from xaudit.core.text.json_text import read_json_text
from xaudit.errors import ConfigError

T = TypeVar("T")
# Texts that are read as a number where one is expected, and then as NaN or infinite.
_SPELLED = re.compile(
    r'"\s*[+-]?(?:nan|inf|infinity|[0-9._]+e[+-]?[0-9]{3,}|[0-9._]{300,})\s*"', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Head:
    """What files of every version hold: another version may hold nothing else of this one."""

    schema_version: int = 1
    audit: Mapping[str, object] = field(default_factory=dict)


def to_json(thing: object) -> str:
    """JSON with sorted keys and a final newline; the same object gives the same bytes.

    What stands in lists and objects of the whole has a line of its own: a finding is one line.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return _written(adapter(type(thing)).dump_python(thing, mode="json"))


def _written(plain: object) -> str:
    return _opened(plain, _LINES) + "\n"


_LINES = 2
"""How deep values have lines of their own: with an indent, Python writes ten times as slowly."""


def _opened(plain: object, depth: int, indent: str = "") -> str:
    deeper = f"{indent} "
    if depth and isinstance(plain, dict) and plain:
        parts = (
            f"{_compact(key)}: {_opened(value, depth - 1, deeper)}"
            for key, value in sorted(plain.items())
        )
        return "{\n" + ",\n".join(deeper + part for part in parts) + f"\n{indent}}}"
    if depth and isinstance(plain, list) and plain:
        parts = (_opened(value, depth - 1, deeper) for value in plain)
        return "[\n" + ",\n".join(deeper + part for part in parts) + f"\n{indent}]"
    return _compact(plain)


# `json.dumps` would make one for each call.
_compact = json.JSONEncoder(allow_nan=False, sort_keys=True, ensure_ascii=False).encode


def sha256_of(
    thing: object, changed: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
) -> str:
    """SHA-256 of the JSON of an object.

    Args:
        thing: that is written.
        changed: makes of what is written what is hashed.
    """
    plain = adapter(type(thing)).dump_python(thing, mode="json")
    plain = plain if changed is None else changed(plain)
    return hashlib.sha256(_written(plain).encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a file; readers see the old or the new one, whatever happens meanwhile.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Like `write_text`, for bytes.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    with new_file(path) as file:
        file.write(content)


def read_json(path: Path, kind: type[T], heard: Callable[[str], str] | None = None) -> T:
    """Read a JSON file as an object of this type.

    Args:
        path: of the file.
        kind: of the object.
        heard: what becomes of sentences that are texts; nothing without it.

    Raises:
        ConfigError: the file is missing, damaged, or of another version.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = read_json_text(text, finite=True)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: not found; expected the folder of an audit that `xaudit run` has finished"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: cannot be read: {error}; restore it, or make it again"
        ) from None
    try:
        read: T = adapter(kind).validate_python(with_names_of_today(content, text), context=heard)
        if _SPELLED.search(text):
            to_json(read)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(
            f"{path}: {place}: {first['msg']}; the file is not as xaudit wrote it: restore it, or "
            "make it again"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{path}: holds a number that is none ({error}); restore it") from None
    return read


def kept_json(path: Path, kind: type[T]) -> T | None:
    """What an earlier run wrote; None where it wrote nothing, or where that is damaged.

    A damaged file is taken away, with a word.

    Raises:
        AuditError: it cannot be removed.
    """
    if not path.exists():
        return None
    try:
        return read_json(path, kind)
    except ConfigError:
        discard_damaged(path, "empty, torn or changed")
        return None


def read_findings(folder: Path, as_written: bool = False) -> Findings:
    """Read ``findings.json`` of an audit.

    Args:
        folder: of the audit.
        as_written: an older form is not brought to that of today.

    Raises:
        ConfigError: the file is missing, damaged, or of another version.
    """
    path = folder / "findings.json"
    head = read_json(path, _Head)
    if head.schema_version not in {1, SCHEMA_VERSION}:
        writer = f" ({head.audit['xaudit_version']})" if "xaudit_version" in head.audit else ""
        raise ConfigError(
            f"{path}: schema version {head.schema_version}, this xaudit reads 1 and "
            f"{SCHEMA_VERSION}; "
            f"use the version that wrote it{writer}, or run the audit again with this one"
        )
    if as_written or head.schema_version == SCHEMA_VERSION:
        return read_json(path, Findings)
    return replace(read_json(path, Findings, recognized), schema_version=SCHEMA_VERSION)


def is_older(folder: Path) -> bool:
    """Whether an audit was written in an older form than that of today."""
    return read_json(folder / "findings.json", _Head).schema_version < SCHEMA_VERSION


def read_verdict(folder: Path) -> Verdict:
    """Read ``verdict.json`` of an audit.

    Raises:
        ConfigError: the file is missing, damaged, or of another version.
    """
    path = folder / "verdict.json"
    if read_json(path, _Head).schema_version == VERDICT_SCHEMA_VERSION:
        return read_json(path, Verdict)
    return replace(read_json(path, Verdict, recognized), schema_version=VERDICT_SCHEMA_VERSION)


def read_whole(folder: Path) -> Findings:
    """Read the findings of an audit that still has its cases.

    Raises:
        ConfigError: as `read_findings`; or the folder is a scrubbed copy.
    """
    findings = read_findings(folder)
    if findings.scrubbed is not None:
        raise ConfigError(
            f"{folder}: is a scrubbed copy, in which single cases are not; this needs the audit "
            f"that it was made of (plan {findings.scrubbed.plan_sha256[:12]})"
        )
    return findings
