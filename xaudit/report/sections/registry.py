"""The registry of sections: a file each, in which name, order and heading stand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xaudit.core.registry import Registry
from xaudit.report.language.translation import tr
from xaudit.report.tables import predictions
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section

Build = Callable[[Lookup], Section | None]
"""Of the findings: a section, or None where there is nothing to say."""
_ROOMS = ("xaudit.report.sections", "xaudit.report.drawn", "xaudit.report.elements")
_OURS = __name__.partition(".")[0]
_OF_PACKAGES = 500


@dataclass(frozen=True, slots=True)
class CardSection:
    """A part of the card.

    Attributes:
        name: of the section, in links.
        order: sections stand in this order, those of the same by name.
        build: makes it.
        appendix: proof rather than what decides: stands behind the others, closed on the screen.
        own: it is part of xaudit.
    """

    name: str
    order: int
    build: Build
    appendix: bool
    own: bool


SECTIONS: Registry[CardSection] = Registry("section", entry_points="xaudit.sections")


def section(
    name: str, order: int = _OF_PACKAGES, appendix: bool = False
) -> Callable[[Build], Build]:
    """Register a function that makes a section.

    Args:
        name: of the section, in links.
        order: sections of packages stand at 500, behind what was measured and before the
            elements.
        appendix: whether it is proof rather than what decides.

    Raises:
        RegistryError: the name is taken.
    """

    def register(build: Build) -> Build:
        own = build.__module__.partition(".")[0] == _OURS
        SECTIONS.add(name, CardSection(name, order, build, appendix, own))
        return build

    return register


def sections_of(look: Lookup) -> Iterator[Section]:
    """Every section that has something to say, in order; the appendices behind the others."""
    for room in map(importlib.import_module, _ROOMS):
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")
    for one in sorted(
        map(SECTIONS.__getitem__, SECTIONS), key=lambda one: (one.appendix, one.order)
    ):
        made = _own(one, look) if one.own else _of_package(one, look)
        if made is not None:
            yield replace(made, appendix=one.appendix)


def _own(one: CardSection, look: Lookup) -> Section | None:
    if predictions.applies(look.findings, one.name):
        return one.build(look)
    return predictions.not_applicable(one.name)


def _of_package(one: CardSection, look: Lookup) -> Section | None:
    """Where it fails, the reason stands in its place."""
    try:
        made = one.build(look)
        return replace(made, id=f"package-{one.name}") if made is not None else None
    except Exception as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        why = tr("This section of an installed package failed: {reason}", reason=said)
        return Section(f"package-{one.name}", "", one.name, "", missing=(why,))
