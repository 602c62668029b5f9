"""How text from the view model is set on the page: escaped, values unbroken, terms linked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from markupsafe import Markup, escape

Setter = Callable[[str], Markup]

_NUMBER = r"[+\u2212]?\d[\d.,\u202f]*"
_RANGE = rf"\({_NUMBER}(?:–| to ){_NUMBER}\)"
_UNIT = "(?: %| points)"
_VALUE = re.compile(rf"(?<!\w)({_NUMBER}{_UNIT}? {_RANGE}|{_NUMBER}{_UNIT})(?!\w)")


def unbroken(text: str) -> Markup:
    """Escaped text whose values stay on one line with their unit and interval."""
    return Markup().join(_values(text))


def anchor(term: str) -> str:
    """The name under which a term of the glossary can be linked to."""
    return f"term-{re.sub(r'[^a-z0-9]+', '-', term.casefold()).strip('-')}"


def linker(terms: Iterable[str]) -> Callable[[], Setter]:
    """Makes, for each section, what links the first use of each term to the glossary.

    Args:
        terms: as they stand in the text; the case of letters does not matter.

    Returns:
        A function without arguments. What it returns is like `unbroken`, and links each term once.
    """
    names = "|".join(re.escape(name) for name in sorted(terms, key=lambda one: (-len(one), one)))
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
    for index, part in enumerate(_VALUE.split(text)):
        safe = escape(part)
        yield Markup('<span class="n">{}</span>').format(safe) if index % 2 else safe


def _term(text: str, seen: set[str]) -> Markup:
    target = anchor(text)
    if target in seen:
        return escape(text)
    seen.add(target)
    return Markup('<a class="term" href="#{}">{}</a>').format(target, text)
