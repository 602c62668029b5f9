"""Catalogs of messages: one gettext file (PO) for each language, read as it is."""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from xaudit.errors import InstallError

_FIELD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\])\s+(".*")')
_PLACE = re.compile(r"\{(\w+)(?::(number|text))?\}")
_NUMBER = r"[-−+]?(?:\d[\d.,]*(?:e[-+]?\d+)?|inf)(?: ?%)?"
_STORED = "stored"
_LONGEST = 2000
"""Characters of a stored sentence; longer ones are no sentence of ours."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a catalog.

    Attributes:
        source: in English, with placeholders.
        forms: the translation; more than one where the number decides.
        stored: whether audits write it, rather than the page itself.
        line: where it stands in the file.
    """

    source: str
    forms: tuple[str, ...]
    stored: bool
    line: int


class English(str):
    """A stored sentence that the catalog does not know: the page marks it as English."""

    __slots__ = ()


@dataclass(frozen=True)
class Catalog:
    """What one language says.

    Attributes:
        language: its code, as in ``<html lang>``.
        name: of the language, in the language.
        decimal: what stands before the digits of a fraction.
        messages: English source → forms of the translation.
        stored: English source of what audits write → translation.
        plural: number → which form.
    """

    language: str
    name: str
    decimal: str
    messages: Mapping[str, tuple[str, ...]]
    stored: Mapping[str, str]
    plural: Callable[[int], int]

    def number(self, text: str) -> str:
        """A number that was written the English way."""
        if self.decimal == ".":
            return text
        text = text.translate({ord(","): "\u202f", ord("."): self.decimal, ord("-"): "−"})
        return re.sub(r"(?<=\d)%", " %", text)

    def told(self, text: str) -> str:
        """A stored sentence, by the template that made it; `English` where there is none."""
        return _told(self, text)

    def source(self, text: str) -> str:
        """The English of a translated message, whatever the case of its letters."""
        return self._sources.get(text.casefold(), text)

    @cached_property
    def _sources(self) -> dict[str, str]:
        pairs = sorted(self.messages.items(), reverse=True)
        return {form.casefold(): source for source, forms in pairs for form in forms}

    @cached_property
    def templates(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Stored messages with placeholders, the most specific first."""
        found = [one for one in self.stored if _PLACE.search(one)]
        found.sort(key=lambda one: -len(_PLACE.sub("", one)))
        return tuple((_pattern(one), one) for one in found)

    def __hash__(self) -> int:
        """By language: there is one catalog for each."""
        return hash(self.language)


@lru_cache(maxsize=20_000)
def _told(catalog: Catalog, text: str) -> str:
    known = catalog.stored.get(text)
    if known is not None:
        return known
    if len(text) <= _LONGEST:
        for pattern, source in catalog.templates:
            if (match := pattern.fullmatch(text)) is not None:
                return _filled(catalog, catalog.stored[source], source, match)
    return English(text)


def _filled(catalog: Catalog, form: str, source: str, match: re.Match[str]) -> str:
    kinds = dict(_PLACE.findall(source))
    values = {name: _value(catalog, kinds[name], said) for name, said in match.groupdict().items()}
    return _PLACE.sub(lambda place: values[place[1]], form)


def _value(catalog: Catalog, kind: str, said: str) -> str:
    if kind == "number":
        return catalog.number(said)
    return str(catalog.told(said)) if kind == "text" else said


def _pattern(source: str) -> re.Pattern[str]:
    parts, end = [], 0
    for place in _PLACE.finditer(source):
        parts.append(re.escape(source[end : place.start()]))
        inside = _NUMBER if place[2] == "number" else ".+?"
        parts.append(f"(?P<{place[1]}>{inside})")
        end = place.end()
    parts.append(re.escape(source[end:]))
    return re.compile("".join(parts), re.DOTALL)


def placeholders(message: str) -> set[str]:
    """Names that a message leaves open."""
    return {place[1] for place in _PLACE.finditer(message)}


def read_catalog(path: Path) -> Catalog:
    """Read a PO file.

    Raises:
        InstallError: it is not what gettext calls a PO file, or its header lacks a line.
    """
    entries = list(read_entries(path))
    header = _header(path, entries)
    return Catalog(
        language=path.stem,
        name=_fact(path, header, "X-Name"),
        decimal=_fact(path, header, "X-Decimal"),
        messages={one.source: one.forms for one in entries if one.source and not one.stored},
        stored={one.source: one.forms[0] for one in entries if one.stored},
        plural=_plural(path, _fact(path, header, "Plural-Forms")),
    )


def read_entries(path: Path) -> Iterator[Entry]:
    """Messages in the order of the file, the header first; fuzzy ones are left out.

    Raises:
        InstallError: a line is neither a comment nor part of a message.
    """
    for start, block in _blocks(path):
        fields: dict[str, str] = {}
        last = ""
        for number, line in block:
            found = _FIELD.fullmatch(line)
            if found is None and not (line.startswith('"') and last):
                raise InstallError(f"{path}, line {number}: expected msgid or msgstr: {line}")
            last = found[1] if found else last
            fields[last] = fields.get(last, "") + _text(path, number, found[2] if found else line)
        forms = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
        if "msgid" not in fields or not forms:
            raise InstallError(f"{path}, line {start}: a message needs msgid and msgstr")
        yield Entry(fields["msgid"], forms, fields.get("msgctxt") == _STORED, start)


def _blocks(path: Path) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    block: list[tuple[int, str]] = []
    fuzzy = False
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate((*lines, ""), start=1):
        if not line.strip():
            if block and not fuzzy:
                yield block[0][0], block
            block, fuzzy = [], False
        elif line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        else:
            block.append((number, line.strip()))


def _text(path: Path, number: int, quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise InstallError(f"{path}, line {number}: expected a quoted text: {quoted}") from None


def _header(path: Path, entries: list[Entry]) -> dict[str, str]:
    text = next((one.forms[0] for one in entries if not one.source), "")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _fact(path: Path, header: Mapping[str, str], name: str) -> str:
    if not header.get(name):
        raise InstallError(f"{path}: its header needs a line “{name}: …”")
    return header[name]


def _plural(path: Path, text: str) -> Callable[[int], int]:
    found = re.search(r"plural=([^;]+)", text)
    try:
        rule: Callable[[int], int] = gettext.c2py(found[1] if found else "")
    except ValueError as error:
        raise InstallError(f"{path}: Plural-Forms: {error}") from None
    return rule
