"""Faults of probes that packages brought: told and gone on, where a fault of ours ends a run."""

from __future__ import annotations

import logging

from xaudit.audit.probes.port import Probe
from xaudit.errors import DetectorLostError

_log = logging.getLogger(__name__)


def fault_of_package(kind: type[Probe], error: Exception) -> str:
    """What is said of an error that a package's probe raised; it is logged too.

    Args:
        kind: the probe.
        error: that was caught.

    Raises:
        Exception: the same error, where the probe is one of xaudit, or nobody answers any more.
    """
    package = kind.__module__.partition(".")[0]
    if package == __name__.partition(".")[0] or isinstance(error, DetectorLostError):
        raise error
    why = f"the package {package} failed: {type(error).__name__}: {error}"
    _log.warning("probe %s: %s", kind.name, why)
    return why
