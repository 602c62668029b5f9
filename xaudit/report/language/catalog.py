"""Catalog of one language: messages that gettext reads, and how its numbers are written.

Catalogs are PO files that translators edit; ``make languages`` compiles them to the MO files that
are read here (docs/decisions/041-messages.md).
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xaudit.core.message import BETWEEN, PLACE, Message, english, filled
from xaudit.errors import InstallError

STORED = "stored"
"""Context of what audits store."""
_LANGUAGE = "language"
"""Context of what a catalog says of its language."""
_LETTER = re.compile(r"[^\W\d_]")
Words = Mapping[str, str]
"""English → translation: the catalog of a small package."""


class English(str):
    """A text that the language has no words for: the page marks it as English."""

    __slots__ = ()


class _Unknown(gettext.NullTranslations):
    """Behind the last catalog."""

    def pgettext(self, context: str, message: str) -> str:
        return English(message)


class _OfPackage(gettext.NullTranslations):
    """The words of a package that brings no MO file."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def gettext(self, message: str) -> str:
        return self._words.get(message) or super().gettext(message)

    def pgettext(self, context: str, message: str) -> str:
        return self._words.get(message) or super().pgettext(context, message)


@dataclass(frozen=True, eq=False)
class Catalog:
    """What one language says.

    Attributes:
        language: its code, as in ``<html lang>``.
        name: of the language, in the language.
        decimal: what stands before the digits of a fraction.
        messages: catalogs, ours before those of packages.
    """

    language: str
    name: str
    decimal: str
    messages: gettext.NullTranslations

    def number(self, text: str) -> str:
        """A number that was written the English way."""
        if self.decimal == ".":
            return text
        return text.translate({ord(","): "\u202f", ord("."): self.decimal, ord("-"): "−"})

    def told(self, sentence: str) -> str:
        """A stored sentence in the language; `English` where nobody translated it."""
        return _told(self, sentence) if isinstance(sentence, Message) else English(sentence)


ENGLISH = Catalog("en", "English", ".", gettext.NullTranslations())


def _told(catalog: Catalog, message: Message) -> str:
    form = _form(catalog, message.id)
    if isinstance(form, English):
        return English(message)

    def shown(value: object, how: str) -> str:
        if isinstance(value, tuple):
            return BETWEEN.join(shown(one, how) for one in value)
        if isinstance(value, Message):
            return str(_told(catalog, value))
        said = english(value, how)
        return said if isinstance(value, str) else catalog.number(said)

    return filled(form, message.params, message.id, shown)


@lru_cache(maxsize=4096)
def _form(catalog: Catalog, source: str) -> str:
    """The translation of an id; one without words needs none."""
    if not _LETTER.search(PLACE.sub("", source)):
        return source
    return catalog.messages.pgettext(STORED, source)


def read_messages(words: Path | Words) -> gettext.NullTranslations:
    """The words of a language: an MO file, or a mapping of a small package.

    Raises:
        InstallError: they are neither.
    """
    if isinstance(words, Mapping):
        return _OfPackage(words)
    try:
        with words.open("rb") as file:
            return gettext.GNUTranslations(file)
    except Exception as error:  # what is no MO file raises nearly anything
        raise InstallError(
            f"{words}: expected an MO file, as `pybabel compile` makes it of a PO file: {error}"
        ) from None


def catalog_of(path: Path, packages: Iterable[Path | Words] = ()) -> Catalog:
    """The catalog of a language.

    Args:
        path: its MO file; the name is the code of the language.
        packages: what installed packages say of their own words; ours goes first.

    Raises:
        InstallError: a file cannot be read, or does not say how the language is called and writes
            its numbers.
    """
    messages = read_messages(path)
    for one in (*map(read_messages, packages), _Unknown()):
        messages.add_fallback(one)
    facts = [messages.pgettext(_LANGUAGE, one) for one in (ENGLISH.name, ENGLISH.decimal)]
    if any(isinstance(fact, English) for fact in facts):
        raise InstallError(
            f"{path}: expected the messages “{ENGLISH.name}” and “{ENGLISH.decimal}” in the "
            f"context “{_LANGUAGE}”: the name of the language, and what stands before a fraction"
        )
    return Catalog(path.stem, facts[0], facts[1], messages)
