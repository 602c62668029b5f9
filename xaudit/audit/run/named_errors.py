"""Errors that a network raises on some images of a study: told by their case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from xaudit.core.case import FloatArray
from xaudit.errors import AuditError, DetectorError, DetectorLostError, XauditError
from xaudit.explain.engine.evaluator import is_out_of_memory
from xaudit.models.foreign import told

T = TypeVar("T")


def naming(ask: Callable[[FloatArray], T], images: FloatArray, cases: Sequence[str]) -> T:
    """Ask the network about images; where it fails, find out on which of them.

    Args:
        ask: of any number of images, (N, C, H, W).
        images: (N, C, H, W).
        cases: what each image is called, N.

    Returns:
        What `ask` says of all of them.

    Raises:
        DetectorError: names the first case on which the network fails, and its own error.
        DetectorLostError: nobody answers any more.
        AuditError: the memory does not even hold what one image needs.
    """
    try:
        return ask(images)
    except DetectorLostError:
        # It concerns no image.
        raise
    # A network is foreign code, which may raise anything.
    except Exception as error:
        raise _told(ask, images, cases, error) from error


def _told(
    ask: Callable[[FloatArray], object],
    images: FloatArray,
    cases: Sequence[str],
    error: Exception,
) -> XauditError:
    for place, case in enumerate(cases):
        try:
            ask(images[place : place + 1])
        except Exception as alone:
            return _sentence(f"case {case}", alone)
    return _sentence(f"{len(cases)} images together ({cases[0]} … {cases[-1]})", error)


def _sentence(what: str, error: Exception) -> XauditError:
    if is_out_of_memory(error):
        return AuditError(f"{what}: the memory does not hold what the network needs: {told(error)}")
    said = str(error) if isinstance(error, XauditError) else f"the network failed: {told(error)}"
    return DetectorError(f"{what}: {said}")
