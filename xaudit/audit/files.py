"""The JSON files of an audit: written whole or not at all, read back as the same objects."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from xaudit.audit.adapter import adapter
from xaudit.audit.store import disk_errors
from xaudit.core.finding import SCHEMA_VERSION, Findings
from xaudit.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Head:
    """What findings of every version hold: another version may hold nothing else of this one."""

    schema_version: int = SCHEMA_VERSION
    audit: Mapping[str, object] = field(default_factory=dict)


def to_json(thing: object) -> str:
    """JSON with sorted keys and a final newline; the same object gives the same bytes.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    plain = adapter(type(thing)).dump_python(thing, mode="json")
    return json.dumps(plain, allow_nan=False, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def sha256_of(thing: object) -> str:
    """SHA-256 of the JSON of an object."""
    return hashlib.sha256(to_json(thing).encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a file under another name and rename it: readers see the old or the new one."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Like `write_text`, for bytes.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def read_json(path: Path, kind: type[T]) -> T:
    """Read a JSON file as an object of this type.

    Raises:
        ConfigError: the file is missing, damaged, or of another version.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: not found; expected the folder of an audit that `xaudit run` has finished"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: cannot be read: {error}; restore it, or make it again"
        ) from None
    try:
        read: T = adapter(kind).validate_python(content)
        return read
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(
            f"{path}: {place}: {first['msg']}; the file is not as xaudit wrote it: restore it, or "
            "make it again"
        ) from None


def read_findings(folder: Path) -> Findings:
    """Read ``findings.json`` of an audit.

    Raises:
        ConfigError: the file is missing, damaged, or of another version.
    """
    path = folder / "findings.json"
    head = read_json(path, _Head)
    if head.schema_version != SCHEMA_VERSION:
        writer = f" ({head.audit['xaudit_version']})" if "xaudit_version" in head.audit else ""
        raise ConfigError(
            f"{path}: schema version {head.schema_version}, this xaudit reads {SCHEMA_VERSION}; "
            f"use the version that wrote it{writer}, or run the audit again with this one"
        )
    return read_json(path, Findings)
