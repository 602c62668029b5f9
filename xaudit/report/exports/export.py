"""Forms in which others read an audit, by name; installed packages add theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.core.registry import Registry

Make = Callable[[Findings, Verdict | None, Sequence[str]], str | bytes]
"""Of findings, the verdict (None without one), and a line for each file that is not what the run
wrote: the content of a file."""


@dataclass(frozen=True, slots=True)
class Export:
    """A form of a saved audit.

    Attributes:
        file_name: its usual name.
        make: what writes it; the same bytes for the same audit.
    """

    file_name: str
    make: Make


EXPORTS: Registry[Export] = Registry("export", entry_points="xaudit.exports")


def export(name: str, file_name: str) -> Callable[[Make], Make]:
    """Register a function that makes a form of an audit.

    Args:
        name: as `xaudit export --format` takes it.
        file_name: usual name of the file.

    Raises:
        RegistryError: the name is taken.
    """

    def wrap(make: Make) -> Make:
        EXPORTS.add(name, Export(file_name, make))
        return make

    return wrap
