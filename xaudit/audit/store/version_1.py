"""Audits of schema version 1, which hold English sentences: each becomes the message that it was.

``version_1.txt`` has the ids of the messages that these audits can hold, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from xaudit.core.message import PLACE, Message

_IDS = Path(__file__).with_name("version_1.txt")
_NUMBER = re.compile(r"[-+]?(\d[\d,]*)(?:\.(\d+))?(e[-+]?\d+)?")
_COUNTS = {"n", "m", "k", "all", "least", "few", "most", "count"}
"""Places that always hold a number."""
_LONGEST = 2000
"""Characters of a sentence; longer ones are none of ours."""


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    id: str


@cache
def recognized(text: str) -> str:
    """The message that a sentence was made of; a text that is none of ours stays.

    A number is as exact as it was printed, so that the message reads as the sentence did.
    """
    exact, templates = _known()
    if text in exact:
        return Message(text)
    for one in templates if len(text) <= _LONGEST else ():
        if (found := one.pattern.fullmatch(text)) is not None:
            message = _filled(one.id, found)
            if message == text:
                return message
    return text


NOT_YET = {"detector": ("elsewhere", "stated")}
"""Part of the findings → keys that came later, and that their hash of then does not cover."""


def _filled(source: str, found: re.Match[str]) -> Message:
    written = {name: how for name, how in PLACE.findall(source)}
    params = {name: _value(said, written[name]) for name, said in found.groupdict().items()}
    return Message(source, **params)


def _value(said: str, how: str) -> object:
    number = _NUMBER.fullmatch(said.removesuffix(" %"))
    if number is None:
        return recognized(said)
    value = float(said.removesuffix(" %").replace(",", ""))
    if how:
        return value
    if number[3] is None and number[2] is None and said.isdecimal():
        return int(said)
    digits = f".{len(number[2] or '')}{'e' if number[3] else 'f'}"
    unit = " %" if said.endswith(" %") else ""
    return Message(f"{{n:{',' if ',' in said else ''}{digits}}}{unit}", n=value)


@cache
def _known() -> tuple[frozenset[str], tuple[_Template, ...]]:
    """Sentences without places, and templates, the most specific first."""
    ids = _IDS.read_text(encoding="utf-8").splitlines()
    open_ones = [one for one in ids if PLACE.search(one)]
    open_ones.sort(key=lambda one: -len(PLACE.sub("", one)))
    templates = tuple(_Template(re.compile(_pattern(one), re.DOTALL), one) for one in open_ones)
    return frozenset(ids) - frozenset(open_ones), templates


def _pattern(source: str) -> str:
    return "".join(_parts(source))


def _parts(source: str) -> Iterator[str]:
    end, seen = 0, set[str]()
    for place in PLACE.finditer(source):
        yield re.escape(source[end : place.start()])
        number = r"[-+]?(?:\d[\d.,]*(?:e[-+]?\d+)?|inf)"
        inside = number if place[2] or place[1] in _COUNTS else ".+?"
        yield f"(?P={place[1]})" if place[1] in seen else f"(?P<{place[1]}>{inside})"
        seen.add(place[1])
        end = place.end()
    yield re.escape(source[end:])
