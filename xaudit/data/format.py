"""The port for readers of study formats; a file each in ``formats`` and ``exports``."""

from __future__ import annotations

from collections.abc import Callable

from xaudit.core.case import Study
from xaudit.core.registry import Registry
from xaudit.data.spec import DataSpec

Reader = Callable[[DataSpec], Study]
"""Lists the cases of a study without decoding pixels; raises DataError with all mistakes."""

FORMATS: Registry[Reader] = Registry(
    "data format",
    entry_points="xaudit.formats",
    package=("xaudit.data.formats", "xaudit.data.exports"),
)
