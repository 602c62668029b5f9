"""Names under which images, patients and sites are told, none of which is their own.

Each is the beginning of a SHA-256: the same in every audit of the same objects, and without a way
back but to try. Patients are never shown, and `xaudit run` hashes them again with a key.
"""

from __future__ import annotations

import hashlib

_CASE, _PATIENT, _SITE = 12, 16, 6


def case_name(uid: str, frame: int = 0, frames: int = 1) -> str:
    """The id of a case: 12 hexadecimal digits of its SOP Instance UID, and which of its frames.

    Args:
        uid: SOP Instance UID.
        frame: from 0.
        frames: of the object.
    """
    return _digits(uid, _CASE) + (f"-{frame + 1}" if frames > 1 else "")


def patient_name(patient: str, issuer: str) -> str:
    """What stands for a patient: 16 digits of its id and of who gave it."""
    return _digits(f"{issuer}\0{patient}", _PATIENT)


def site_name(name: str) -> str:
    """What stands for an institution or station: 6 digits of its name, however it is spaced."""
    return f"site {_digits(' '.join(name.casefold().split()), _SITE)}"


def _digits(text: str, count: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:count]
