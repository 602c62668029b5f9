"""Detached signatures: who, in which role, put their name under which files."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xaudit.audit.store.disk import is_draft
from xaudit.audit.store.files import read_json, to_json, write_text
from xaudit.audit.store.hashes import FINDINGS, HASHES, LATE_FILES, hashed_files
from xaudit.audit.store.lock import LOCK
from xaudit.data.file_hash import file_sha256
from xaudit.errors import ConfigError, InstallError

_PLACE = "signatures.json"
SIGNED = (HASHES, *FINDINGS, *(name for name in LATE_FILES if name != _PLACE))
"""What a signature of a folder speaks of, as far as it is there; by the hashes, of all that the run
wrote."""
_NOBODYS = {HASHES, _PLACE, LOCK}


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed.

    Attributes:
        name: of the person.
        role: in which they sign.
        signed_at: ISO 8601, UTC, by the clock of the machine that signed.
        files: name → SHA-256.
    """

    name: str
    role: str
    signed_at: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Signature:
    """A statement and its Ed25519 signature, base64."""

    statement: Statement
    ed25519: str


def place_of(target: Path) -> Path:
    """Where the signatures of an audit's folder, or of a card alone, are kept."""
    return target / _PLACE if target.is_dir() else target.with_name(f"{target.name}.sig")


def sign(target: Path, key: Path, name: str, role: str) -> Path:
    """Sign an audit's folder or a card; earlier signatures stay.

    Args:
        target: folder or card.
        key: private key, Ed25519 in PEM (PKCS #8), not encrypted.
        name: who signs.
        role: in which role.

    Returns:
        Where the signatures are.

    Raises:
        ConfigError: the key or the target cannot be used, or name or role is empty.
        InstallError: the package ``cryptography`` is missing.
    """
    if not name.strip() or not role.strip():
        raise ConfigError("a signature says who signs and in which role: --name and --role")
    files = _files(target)
    statement = Statement(name, role, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), files)
    made = _private(key).sign(to_json(statement).encode())
    place = place_of(target)
    kept = read_json(place, tuple[Signature, ...]) if place.exists() else ()
    signature = Signature(statement, base64.b64encode(made).decode())
    write_text(place, to_json([*kept, signature]))
    return place


def signature_differences(target: Path, key: Path) -> Iterator[str]:
    """Why no signature by this key holds for the files as they are; nothing if one does.

    Args:
        target: folder or card.
        key: public key, Ed25519 in PEM.

    Raises:
        ConfigError: the key cannot be used, or the signatures cannot be read.
        InstallError: the package ``cryptography`` is missing.
    """
    by_key = signed_by(target, key)
    if not by_key:
        yield f"{place_of(target).name}: no signature by the key {key.name}"
        return
    # The last one counts: who signs again speaks of the files of that day.
    statement = by_key[-1]
    for name, stated in statement.files.items():
        found = file_sha256(target / name if target.is_dir() else target.with_name(name))
        if found != stated:
            yield f"{name}: SHA-256 {found}, {statement.name} signed {stated}"


def uncovered(folder: Path, signed: Collection[str] = ()) -> tuple[str, ...]:
    """What lies in an audit's folder and is under no hash of the run and no signature.

    Args:
        folder: of the audit.
        signed: names of files that a signature speaks of.

    Returns:
        Names; of a folder of which nothing is covered, how many files it holds.

    Raises:
        ConfigError: there are no hashes, or they cannot be read.
    """
    covered = {*hashed_files(folder), *signed}
    # Of a folder that the run wrote, `changed_files` compares whatever lies in it.
    covered |= {name.partition("/")[0] for name in covered}
    beside = sorted(path for path in folder.iterdir() if path.name not in covered | _NOBODYS)
    return tuple(_named(path) for path in beside if not is_draft(Path(path.name)))


def _named(path: Path) -> str:
    if not path.is_dir():
        return path.name
    count = sum(one.is_file() for one in path.rglob("*"))
    return f"{path.name}/ ({count} {'file' if count == 1 else 'files'})"


def signed_by(target: Path, key: Path) -> list[Statement]:
    """The statements that this key signed, oldest first.

    Raises:
        ConfigError: the key cannot be used, or the signatures cannot be read.
        InstallError: the package ``cryptography`` is missing.
    """
    public = _public(key)
    place = place_of(target)
    if not place.exists():
        return []
    signatures: tuple[Signature, ...] = read_json(place, tuple[Signature, ...])
    return [signature.statement for signature in signatures if _holds(public, signature)]


def _holds(public: Any, signature: Signature) -> bool:  # noqa: ANN401 (an optional package)
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        public.verify(base64.b64decode(signature.ed25519), to_json(signature.statement).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _files(target: Path) -> dict[str, str]:
    names = SIGNED if target.is_dir() else (target.name,)
    base = target if target.is_dir() else target.parent
    files = {name: digest for name in names if (digest := file_sha256(base / name))}
    if not files or (target.is_dir() and not {HASHES, "findings.json"} <= files.keys()):
        raise ConfigError(
            f"{target}: expected a finished audit, with findings.json and {HASHES}, or a card"
        )
    return files


def _private(path: Path) -> Any:  # noqa: ANN401 (an optional package)
    serialization, keys = _cryptography()
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except Exception as error:  # damaged keys raise nearly anything
        raise ConfigError(f"{path}: no unencrypted private key in PEM: {error}") from None
    if not isinstance(key, keys.Ed25519PrivateKey):
        raise ConfigError(f"{path}: expected an Ed25519 key, got {type(key).__name__}")
    return key


def _public(path: Path) -> Any:  # noqa: ANN401 (an optional package)
    serialization, keys = _cryptography()
    try:
        key = serialization.load_pem_public_key(_read(path))
    except Exception as error:  # damaged keys raise nearly anything
        raise ConfigError(f"{path}: no public key in PEM: {error}") from None
    if not isinstance(key, keys.Ed25519PublicKey):
        raise ConfigError(f"{path}: expected an Ed25519 key, got {type(key).__name__}")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError:
        raise InstallError(
            "signatures need the package cryptography: pip install 'xaudit[sign]'"
        ) from None
    return serialization, ed25519
