"""Audits of before: sentences of schema version 1 become messages, former names those of today.

``version_1.txt`` has the ids of the messages that audits of version 1 can hold, one a line; behind
a tab the one that says the same today, with other words and its places in the same order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

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
    found = _recognized(text)
    return _of_today(found) if isinstance(found, Message) else found


def _recognized(text: str) -> str:
    exact, templates = _known()
    if text in exact:
        return Message(text)
    for template in templates if len(text) <= _LONGEST else ():
        if (found := template.pattern.fullmatch(text)) is not None:
            message = _filled(template.id, found)
            if message == text:
                return message
    return text


NOT_YET = {"detector": ("elsewhere", "stated")}
"""Part of the findings → keys that came later, and that their hash of then does not cover."""
LATER = ("corruptions", "boxes")
"""Keys of the findings that came later; the hash of an audit without them does not cover them."""
FORMER_KEYS = {"looks": "interim"}
"""Key of ``plan.json``, ``findings.json`` or ``verdict.json`` → its name of today."""
_NO_LAYER = ("none returns a picture", "none returns a feature map")
"""In place of a target layer: the text of then, and of today."""


def with_names_of_today(content: Any, text: str | None = None) -> Any:  # noqa: ANN401 (JSON)
    """The content of a file of an audit, with the keys and the messages of today.

    Args:
        content: of the file.
        text: of the file, where that shows at once whether it holds a message of before.
    """
    if text is None or any(_in_json(one) in text for one in _changed()):
        content = _with_messages_of_today(content)
    if not isinstance(content, dict) or not content.keys() & FORMER_KEYS.keys():
        return content
    content = _with_layer(content, *_NO_LAYER)
    today = {name: content[name] for name in FORMER_KEYS.values() if name in content}
    return {FORMER_KEYS.get(name, name): value for name, value in content.items()} | today


def _with_messages_of_today(content: Any) -> Any:  # noqa: ANN401
    if isinstance(content, list):
        return [_with_messages_of_today(one) for one in content]
    if not isinstance(content, dict):
        return content
    content = {name: _with_messages_of_today(value) for name, value in content.items()}
    source, params = content.get("id"), content.get("params")
    if len(content) != 2 or not isinstance(source, str) or not isinstance(params, dict):
        return content
    called = _called(source)
    params = {called.get(name, name): value for name, value in params.items()}
    return {"id": _changed().get(source, source), "params": params}


def _with_layer(content: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    detector = content.get("detector")
    if not isinstance(detector, dict) or detector.get("target_layer") != before:
        return content
    return {**content, "detector": {**detector, "target_layer": after}}


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def with_former_names(plain: Mapping[str, Any]) -> dict[str, Any]:
    """What `with_names_of_today` made of a file, as it was."""
    former = {name: before for before, name in FORMER_KEYS.items()}
    return {former.get(name, name): value for name, value in plain.items()}


def without_later(findings: Mapping[str, Any]) -> dict[str, Any]:
    """Findings as JSON holds them, without keys that came later and hold nothing."""
    return {name: one for name, one in findings.items() if one or name not in LATER}


def as_then(findings: Mapping[str, Any]) -> dict[str, Any]:
    """Findings of version 1 as JSON held them: with names of then, and without what came later."""
    plain = _with_layer(with_former_names(without_later(findings)), *reversed(_NO_LAYER))
    for part, names in NOT_YET.items():
        plain[part] = {name: value for name, value in plain[part].items() if name not in names}
    return plain


def _of_today(sentence: Message) -> Message:
    called = _called(sentence.id)
    params = {
        called.get(name, name): _of_today(value) if isinstance(value, Message) else value
        for name, value in sentence.params.items()
    }
    return Message(_changed().get(sentence.id, sentence.id), **params)


def _called(source: str) -> Mapping[str, str]:
    """Place of a message of then → that of the message of today."""
    both = (source, _changed().get(source, source))
    then, now = ([place[1] for place in PLACE.finditer(one)] for one in both)
    return dict(zip(then, now, strict=True))


def _filled(source: str, found: re.Match[str]) -> Message:
    written = {name: how for name, how in PLACE.findall(source)}
    params = {name: _value(said, written[name]) for name, said in found.groupdict().items()}
    return Message(source, **params)


def _value(said: str, how: str) -> object:
    number = _NUMBER.fullmatch(said.removesuffix(" %"))
    if number is None:
        return _recognized(said)
    value = float(said.removesuffix(" %").replace(",", ""))
    if how:
        return value
    if number[3] is None and number[2] is None and said.isdecimal():
        return int(said)
    digits = f".{len(number[2] or '')}{'e' if number[3] else 'f'}"
    unit = " %" if said.endswith(" %") else ""
    return Message(f"{{n:{',' if ',' in said else ''}{digits}}}{unit}", n=value)


@cache
def _ids() -> Mapping[str, str]:
    """Id of then → id of today."""
    lines = (line.split("\t") for line in _IDS.read_text(encoding="utf-8").splitlines())
    return {then: (now or [then])[0] for then, *now in lines}


@cache
def _changed() -> Mapping[str, str]:
    """As `_ids`, those that are others today."""
    return {then: now for then, now in _ids().items() if then != now}


@cache
def _known() -> tuple[frozenset[str], tuple[_Template, ...]]:
    """Sentences without places, and templates, the most specific first."""
    ids = _ids()
    open_ones = [identifier for identifier in ids if PLACE.search(identifier)]
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
