"""Translation of a page: English sources in the code, a catalog for each other language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from xaudit.errors import ConfigError, InstallError
from xaudit.report.language.catalog import ENGLISH, STORED, Catalog, English, Words, catalog_of

SOURCE = ENGLISH.language
PACKAGES = "xaudit.languages"
"""Entry points: code of a language → a package's MO file of its own words, or a mapping."""
FOLDER = Path(__file__).with_name("languages")
_CURRENT: ContextVar[Catalog] = ContextVar("language", default=ENGLISH)


def languages() -> dict[str, str]:
    """Code → name, of every language that a page can be printed in."""
    others = {path.stem: _catalog(path).name for path in sorted(FOLDER.glob("*.mo"))}
    return {SOURCE: ENGLISH.name, **others}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within, everything is printed in a language; the one before comes back behind it.

    Args:
        language: a code of :func:`languages`.

    Raises:
        ConfigError: there is no such language.
        InstallError: its catalog cannot be read.
    """
    token = _CURRENT.set(_named(language))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Catalog:
    """The catalog of the language that is spoken."""
    return _CURRENT.get()


def tr(message: str, /, **values: object) -> str:
    """A message in the current language, its placeholders filled.

    Args:
        message: in English; in the code it is a literal, so that a test can collect it.
        values: what the placeholders hold, as it is printed.
    """
    text = current().messages.gettext(message)
    return text.format(**values) if values else text


def trn(message: str, number: int, /, **values: object) -> str:
    """A message whose form depends on a number, in the current language.

    Args:
        message: in English; a literal.
        number: by which the language chooses its form.
        values: what the placeholders hold, as it is printed.
    """
    text = current().messages.ngettext(message, message, number)
    return text.format(**values) if values else text


def later(message: str) -> str:
    """Marks a message that is translated where it is printed; returns it as it is."""
    return message


def told(sentence: str) -> str:
    """What an audit stored for a reader: a message in the language, any other text as it is."""
    return str(sentence) if current() is ENGLISH else current().told(sentence)


def word(code: str) -> str:
    """One of a few words that audits store as they are, such as "patient"; any other stays."""
    return code if current() is ENGLISH else str(current().messages.pgettext(STORED, code))


def foreign(text: str) -> str:
    """A text that is English in every language, such as places in English guidance."""
    return text if current() is ENGLISH else English(text)


def is_foreign(text: str) -> bool:
    """Whether a text of several words stayed English on a page of another language."""
    return isinstance(text, English) and " " in text


def _named(language: str) -> Catalog:
    if language == SOURCE:
        return ENGLISH
    path = FOLDER / f"{language}.mo"
    if path not in FOLDER.glob("*.mo"):
        known = ", ".join(f"{code} ({name})" for code, name in languages().items())
        raise ConfigError(f"language {language!r}: expected one of {known}")
    return _catalog(path)


@cache
def _catalog(path: Path) -> Catalog:
    return catalog_of(path, _brought(path.stem))


def _brought(language: str) -> Iterator[Path | Words]:
    for entry in entry_points(group=PACKAGES, name=language):
        try:
            words: Path | str | Words = entry.load()
        except Exception as error:
            raise InstallError(
                f"plug-in {entry.name!r} ({entry.value}) of {PACKAGES} does not load: {error}"
            ) from error
        yield Path(words) if isinstance(words, str) else words
