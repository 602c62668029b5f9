"""Markup of text from the view model: escaped, values unbroken, terms linked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from markupsafe import Markup, escape

from xaudit.report.language.translation import tr
from xaudit.report.view.glossary import source_of

Setter = Callable[[str], Markup]

_NUMBER = r"[+\u2212]?\d[\d.,\u202f]*"


@cache
def _value(between: str, points: str) -> re.Pattern[str]:
    """A value with its unit and interval, in the words of a language."""
    limits = rf"\({_NUMBER}(?:–|{re.escape(between)}){_NUMBER}\)"
    unit = f"(?: %| {re.escape(points)})"
    return re.compile(rf"(?<!\w)({_NUMBER}{unit}? {limits}|{_NUMBER}{unit})(?!\w)")


def unbroken(text: str) -> Markup:
    """Escaped text whose values stay on one line with their unit and interval."""
    return Markup().join(_values(text))


def anchor(term: str) -> str:
    """The name under which a term of the glossary can be linked to."""
    source = source_of(term).casefold()
    return f"term-{re.sub(r'[^a-z0-9]+', '-', source).strip('-')}"


def linker(terms: Iterable[str]) -> Callable[[], Setter]:
    """Makes, for each section, what links the first use of each term to the glossary.

    Args:
        terms: as they stand in the text; the case of letters does not matter.

    Returns:
        A function without arguments. What it returns is like `unbroken`, and links each term once.
    """
    names = "|".join(re.escape(name) for name in sorted(terms, key=lambda term: (-len(term), term)))
    pattern = re.compile(rf"(?<!\w)({names or r'(?!)'})(?=s?(?!\w))", re.IGNORECASE)

    def fresh() -> Setter:
        seen: set[str] = set()

        def link(text: str) -> Markup:
            parts = pattern.split(text)
            return Markup().join(
                _term(part, seen) if index % 2 else unbroken(part)
                for index, part in enumerate(parts)
            )

        return link

    return fresh


def _values(text: str) -> Iterator[Markup]:
    value = _value(tr("{low} to {high}", low="", high=""), tr("points"))
    for index, part in enumerate(value.split(text)):
        safe = escape(part)
        yield Markup('<span class="n">{}</span>').format(safe) if index % 2 else safe


def _term(text: str, seen: set[str]) -> Markup:
    target = anchor(text)
    if target in seen:
        return escape(text)
    seen.add(target)
    return Markup('<a class="term" href="#{}">{}</a>').format(target, text)
