"""Access to highdicom, which is imported when it is needed; codes that the objects share."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xaudit.errors import InstallError

SCHEME = "99XAUDIT"
"""Designates codes that no standard has: names of metrics, methods and operating points."""
MAKER = "xaudit"
_LONGEST = 16
_MEANING = 64


@contextmanager
def highdicom() -> Iterator[Any]:
    """The library, whose warnings would repeat values of patients.

    Raises:
        InstallError: it is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import highdicom as hd  # noqa: PLC0415
        except ImportError:
            raise InstallError(
                "DICOM export needs highdicom: pip install 'xaudit[dicom]'"
            ) from None
        yield hd


def fracture() -> Any:
    """The concept of SNOMED CT: fracture, a morphologic abnormality."""
    with highdicom() as hd:
        return hd.sr.CodedConcept("72704001", "SCT", "Fracture")


def uid_of(*parts: str) -> str:
    """A UID that is the same for the same parts: a UUID in the form of PS3.5, annex B.2."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()[:16]
    return f"2.25.{int.from_bytes(digest, 'big')}"


def own_code(name: str) -> Any:
    """A concept that only xaudit has, by name."""
    with highdicom() as hd:
        short = name if len(name) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()[:12]
        return hd.sr.CodedConcept(short, SCHEME, name[:_MEANING])
