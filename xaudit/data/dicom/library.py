"""Access to pydicom: it is imported when it is needed, and says nothing of what it reads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from xaudit.errors import DataError, InstallError


@contextmanager
def quiet(
    where: str,
    what: str = "the DICOM object is damaged or incomplete",
    remedy: str = "export it again",
) -> Iterator[None]:
    """Read with pydicom inside: its warnings would repeat values, and its errors are ours.

    Args:
        where: what is read, for messages; nothing private.
        what: is said to have happened.
        remedy: what to do.

    Raises:
        InstallError: pydicom is not installed.
        DataError: what is read is damaged.
    """
    try:
        from pydicom.config import disable_value_validation  # noqa: PLC0415
    except ImportError:
        raise InstallError("DICOM needs pydicom: pip install 'xaudit[dicom]'") from None
    with warnings.catch_warnings(), disable_value_validation():
        warnings.simplefilter("ignore")
        try:
            yield
        except (DataError, InstallError):
            raise
        # Readers of untrusted files raise whatever they like, and what they say may hold a value.
        except Exception as error:
            raise DataError(f"{where}: {what} ({type(error).__name__}); {remedy}") from error
