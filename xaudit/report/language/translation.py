"""In which language a page is printed: English sources in the code, a catalog for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from xaudit.errors import ConfigError, InstallError
from xaudit.report.language.catalog import Catalog, English, read_catalog, read_entries

SOURCE = "en"
PACKAGES = "xaudit.languages"
"""Entry points: code of a language → where a package keeps the PO file of its own words."""
FOLDER = Path(__file__).with_name("languages")
_ENGLISH = Catalog(SOURCE, "English", ".", {}, {}, lambda _: 0)
_CURRENT: ContextVar[Catalog] = ContextVar("language", default=_ENGLISH)


def languages() -> dict[str, str]:
    """Code → name, of every language that a page can be printed in."""
    others = {path.stem: _catalog(path).name for path in sorted(FOLDER.glob("*.po"))}
    return {SOURCE: _ENGLISH.name, **others}


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
    text = current().messages.get(message, (message,))[-1]
    return text.format(**values) if values else text


def trn(message: str, number: int, /, **values: object) -> str:
    """A message whose form depends on a number, in the current language.

    Args:
        message: in English; a literal.
        number: by which the language chooses its form.
        values: what the placeholders hold, as it is printed.
    """
    forms = current().messages.get(message, (message,))
    text = forms[current().plural(number)] if len(forms) > 1 else forms[0]
    return text.format(**values) if values else text


def later(message: str) -> str:
    """Marks a message that is translated where it is printed; returns it as it is."""
    return message


def stored(text: str) -> str:
    """What an audit wrote in English; as it is where the catalog has no template for it."""
    return text if current() is _ENGLISH else current().told(text)


def foreign(text: str) -> str:
    """A text that is English in every language, such as places in English guidance."""
    return text if current() is _ENGLISH else English(text)


def is_foreign(text: str) -> bool:
    """Whether a text of several words stayed English on a page of another language."""
    return isinstance(text, English) and " " in text


def _named(language: str) -> Catalog:
    if language == SOURCE:
        return _ENGLISH
    path = FOLDER / f"{language}.po"
    if path not in FOLDER.glob("*.po"):
        known = ", ".join(f"{code} ({name})" for code, name in languages().items())
        raise ConfigError(f"language {language!r}: expected one of {known}")
    return _with_packages(language)


@cache
def _with_packages(language: str) -> Catalog:
    """The catalog, and what installed packages say of their own words; ours goes first."""
    own = _catalog(FOLDER / f"{language}.po")
    entries = [one for path in _brought(language) for one in read_entries(path) if one.source]
    return replace(
        own,
        messages={**{one.source: one.forms for one in entries if not one.stored}, **own.messages},
        stored={**{one.source: one.forms[0] for one in entries if one.stored}, **own.stored},
    )


def _brought(language: str) -> Iterator[Path]:
    for entry in entry_points(group=PACKAGES, name=language):
        try:
            yield Path(str(entry.load()))
        except Exception as error:
            raise InstallError(
                f"plug-in {entry.name!r} ({entry.value}) of {PACKAGES} does not load: {error}"
            ) from error


@cache
def _catalog(path: Path) -> Catalog:
    return read_catalog(path)
