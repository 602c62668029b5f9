"""Sections of the card that installed packages bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xaudit.core.registry import Registry
from xaudit.report.language.translation import tr
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section

Build = Callable[[Lookup], Section | None]
"""Of the findings: a section, or None where there is nothing to say."""
SECTIONS: Registry[Build] = Registry("section", entry_points="xaudit.sections")


def section(name: str) -> Callable[[Build], Build]:
    """Register a function that makes a section, printed behind those of xaudit.

    Args:
        name: of the section, in links.

    Raises:
        RegistryError: the name is taken.
    """
    return SECTIONS.register(name)


def brought(look: Lookup) -> Iterator[Section]:
    """Sections of installed packages, by name; where one fails, the reason stands in its place."""
    for name in SECTIONS:
        try:
            made = SECTIONS[name](look)
            if made is not None:
                yield replace(made, id=f"package-{name}")
        except Exception as error:
            said = (str(error) or type(error).__name__).splitlines()[0]
            why = tr("This section of an installed package failed: {reason}", reason=said)
            yield Section(f"package-{name}", "", name, "", missing=(why,))
