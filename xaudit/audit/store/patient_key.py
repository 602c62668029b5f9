"""Patients by codes: a keyed hash, whose key stays with the user outside of every audit.

A hash without a key hides nothing: who knows how a hospital numbers its patients hashes all of the
numbers and looks the stored ones up, in a fraction of a second. With a key of 256 random bits that
is not in the audit, HMAC-SHA256 (RFC 2104) tells patients apart and can be tried by nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from xaudit.errors import ConfigError

if TYPE_CHECKING:
    from xaudit.audit.store.store import CaseRow
    from xaudit.core.case import Case

_BYTES = 32
_CODE = 16
"""Hexadecimal digits of a code: of a million patients two share one by a chance of 3 in 10^8."""
_OTHERS = 0o077

Coded = TypeVar("Coded", "Case", "CaseRow")


@dataclass(frozen=True, slots=True)
class PatientKey:
    """What turns patients into codes; without it nobody can."""

    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> PatientKey:
        """A new random key."""
        return cls(secrets.token_bytes(_BYTES))

    @property
    def id(self) -> str:
        """Tells keys apart and gives none away; it stands in the plan of an audit."""
        return self._digest("key")

    def code(self, patient: str) -> str:
        """The code of a patient: the same in every audit under this key."""
        return self._digest(f"patient {patient}")

    def coded(self, cases: Iterable[Coded]) -> tuple[Coded, ...]:
        """These cases with codes for patients."""
        return tuple(replace(case, patient=self.code(case.patient)) for case in cases)

    def _digest(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()[:_CODE]


def default_key_file() -> Path:
    """Where the key of this user is kept: ``xaudit/patients.key`` in the folder of states.

    Raises:
        ConfigError: there is no home folder.
    """
    try:
        states = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        raise ConfigError(
            "no home folder in which the key of the patients' codes is kept; name a file for it "
            "with --keep-key FILE"
        ) from None
    return Path(states) / "xaudit" / "patients.key"


def patient_key(file: Path | None, audit: Path) -> PatientKey:
    """The user's key; made where there is none.

    Args:
        file: that holds it; None for that of the user.
        audit: folder of the audit, in which no key may lie.

    Raises:
        ConfigError: the key would lie in the audit, others may read it, it is no key, or it cannot
            be read or written.
    """
    path = (file or default_key_file()).expanduser()
    if path.resolve().is_relative_to(audit.resolve()):
        raise ConfigError(
            f"{path}: lies in the audit, and who has both can try out which patients are in it; "
            "name a file elsewhere with --keep-key FILE"
        )
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: the key of the patients' codes: {error.strerror}; name another file with "
            "--keep-key FILE, or with XAUDIT_KEEP_KEY"
        ) from None


def _make(path: Path) -> None:
    """Write a new key; of two processes that do so at once one is first, and both read that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{PatientKey.fresh().secret.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        _place(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _place(draft: Path, path: Path) -> None:
    """Give it its name, unless another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without links.
        draft.replace(path)


def _read(path: Path) -> PatientKey:
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise ConfigError(f"{path}: others may read this key; take that away: chmod 600 {path}")
    text = path.read_bytes()[: 4 * _BYTES].strip()
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise ConfigError(
            f"{path}: expected a key of {2 * _BYTES} hexadecimal digits as xaudit writes it; name "
            "a file that is not there yet, and it is made"
        )
    return PatientKey(secret)
