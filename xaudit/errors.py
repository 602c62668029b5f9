"""Everything that xaudit raises on purpose.

::

    XauditError
    ├── ConfigError      the configuration, the policy or the command line is wrong     exit 2
    │   └── DataError    a study, an image or an annotation cannot be used
    ├── DetectorError    weights, architecture or declared input and output do not fit  exit 2
    │   └── DetectorLostError  a service or program that was the detector answers no more  exit 3
    ├── ExplainerError   a method cannot explain this detector
    ├── RegistryError    a name is taken or unknown
    ├── InstallError     a package or a file of xaudit is missing                       exit 2
    └── AuditError       the audit itself failed: disk full, too many failed cases      exit 3

A message says what was expected, what came, which case or line, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line returns; part of the public interface."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    AUDIT_FAILED = 3
    INCONCLUSIVE = 4
    NOTHING_EVALUATED = 5
    INTERRUPTED = 130


class XauditError(Exception):
    """Root of the errors that carry a message for the user."""

    exit_code = ExitCode.AUDIT_FAILED


class ConfigError(XauditError):
    """The configuration, the policy or the command line is wrong.

    Args:
        problems: one line for each mistake; all are shown at once.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class DataError(ConfigError):
    """A study, an image or an annotation cannot be used."""


class DetectorError(XauditError):
    """Weights, architecture or the declared input and output do not fit together."""

    exit_code = ExitCode.USAGE


class DetectorLostError(DetectorError):
    """What answers for the detector, outside of this process, does not or not as agreed.

    It concerns no image and no method: a run ends, and what was computed before is kept.
    """

    exit_code = ExitCode.AUDIT_FAILED


class ExplainerError(XauditError):
    """A method cannot explain this detector or this case."""


class RegistryError(XauditError):
    """A name is registered twice or not at all."""

    exit_code = ExitCode.USAGE


class InstallError(XauditError):
    """A package or a file that belongs to xaudit is missing."""

    exit_code = ExitCode.USAGE


class AuditError(XauditError):
    """The audit itself failed; what was computed before is kept."""
