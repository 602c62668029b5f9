"""A sentence of an audit: an id with parameters, which every language tells in its own words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any

PLACE = re.compile(r"\{(\w+)(?::([+]?,?(?:\.\d{1,2})?[efg]?))?\}")
"""A named place of a sentence, and how a number is written there."""
BETWEEN = ", "
"""What stands between the members of a list."""
_LONGEST = 1_000_000
_DEEPEST = 16


class Message(str):
    """An id with parameters; as a text it is the sentence in English.

    The id is the English sentence with named places, ``"{n} sites, {least} needed"``, and the
    msgid of the catalogs. A place may say how its number is written: ``{limit:.3g}``. What stands
    in a place is a number, a text that nobody translates, another message, or a list of these.

    A message is a text, as those of zope.i18nmessageid are, so that whatever prints English prints
    it, and it equals its English. What is cut out of it or put together with it is a plain text.

    Args:
        id: a literal, so that a test can collect it.
        params: name of a place → what stands there. Numbers of NumPy become Python's, and one
            that is not finite becomes its text.

    Raises:
        TypeError: a parameter is none of these.
        ValueError: the sentence has more than a million characters.
    """

    __slots__ = ("id", "params")
    id: str
    params: Mapping[str, Any]

    def __new__(cls, id: str, /, **params: object) -> Message:
        """Fill the places in English."""
        plain = {name: _plain(value) for name, value in params.items()}
        made = super().__new__(cls, filled(id, plain, id, english))
        made.id, made.params = id, MappingProxyType(plain)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.id, dict(self.params))

    def __copy__(self) -> Message:
        return self

    def __deepcopy__(self, memo: object) -> Message:
        return self


def inner(sentence: str) -> str:
    """The same sentence inside of another: it begins with a small letter."""
    if isinstance(sentence, Message):
        return Message(inner(sentence.id), **sentence.params)
    return sentence[:1].lower() + sentence[1:]


def one_after_another(sentences: Iterable[str], between: str = " ") -> str:
    """Several sentences as one; empty for none.

    Args:
        sentences: in their order.
        between: what stands between two of them; no words.
    """
    whole = ""
    for sentence in sentences:
        whole = (
            Message(f"{{first}}{between}{{second}}", first=whole, second=sentence)
            if whole
            else sentence
        )
    return whole


def apart(sentence: str, between: str) -> tuple[str, ...]:
    """The sentences that `one_after_another` put together with this between them."""
    parts: list[str] = []
    while isinstance(sentence, Message) and sentence.id == f"{{first}}{between}{{second}}":
        parts.append(sentence.params["second"])
        sentence = sentence.params["first"]
    return (sentence, *reversed(parts)) if sentence else ()


def percent(share: float) -> Message:
    """A share in percent, with two or three significant digits."""
    scaled = share * 100
    whole = scaled == round(scaled) or scaled >= 10
    return Message("{n:.0f} %" if whole else "{n:.1f} %", n=scaled)


def with_texts(sentence: str, change: Callable[[str], str]) -> str:
    """The same sentence, every text that nobody translates changed."""
    if not isinstance(sentence, Message):
        return change(sentence)
    return Message(sentence.id, **{n: _changed(v, change) for n, v in sentence.params.items()})


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, tuple):
        return [_changed(one, change) for one in value]
    return with_texts(value, change) if isinstance(value, str) else value


def listed(names: Sequence[str], shown: int) -> Message:
    """Names, the first of them where there are many."""
    if len(names) <= shown:
        return Message("{names}", names=names)
    return Message("{names} and {n} more", names=names[:shown], n=len(names) - shown)


def counted(unit: str, n: int = 2) -> Message:
    """So many of a unit, without the number: "patients", "images", "cases"; "patient" for one."""
    return Message(unit) if n == 1 else Message(f"{unit}s")


def _made(id: str, params: Mapping[str, Any]) -> Message:
    return Message(id, **params)


def filled(
    text: str,
    params: Mapping[str, Any],
    id: str,
    shown: Callable[[Any, str], str],
) -> str:
    """A sentence with its places filled; a place for which there is nothing stays as it is.

    Args:
        text: the sentence in any language.
        params: name of a place → what stands there.
        id: its English, which says how numbers are written.
        shown: a parameter, and how its number is written → its text.

    Raises:
        ValueError: it would have more than a million characters.
    """
    if not params:
        return text
    written = _written(id)
    parts, end, left = [], 0, _LONGEST
    for place in PLACE.finditer(text):
        name = place[1]
        said = shown(params[name], written.get(name, "")) if name in params else place[0]
        parts += [text[end : place.start()], said]
        end, left = place.end(), left - len(said)
        if left < 0:
            raise ValueError(f"expected a sentence of at most {_LONGEST} characters")
    return "".join((*parts, text[end:]))


@lru_cache(maxsize=4096)
def _written(id: str) -> dict[str, str]:
    """Name of a place → how a number is written there."""
    return {name: how or "" for name, how in PLACE.findall(id)}


def english(value: object, how: str) -> str:
    """A parameter in an English sentence."""
    if isinstance(value, tuple):
        return BETWEEN.join(english(one, how) for one in value)
    return str(value) if isinstance(value, str) else format(value, how)


def _plain(value: object) -> int | float | str | tuple[Any, ...]:
    if isinstance(value, Message | int | float) and not isinstance(value, bool):
        finite = isinstance(value, str) or math.isfinite(value)
        return (
            (value if type(value) in {Message, int, float} else float(value))
            if finite
            else str(value)
        )
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if hasattr(value, "item"):
        return _plain(value.item())
    raise TypeError(f"expected a number, a text, a message or a list of them, got {value!r}")


# As JSON.


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A message as JSON: its id, and name of a place → what stands there."""

    id: str
    params: dict[str, Any]


def to_form(value: Any) -> Any:  # noqa: ANN401 (whatever JSON may hold)
    """What holds sentences as JSON holds it; a plain text stays one."""
    if isinstance(value, Message):
        return {"id": value.id, "params": to_form(value.params)}
    if isinstance(value, Mapping):
        return {name: to_form(one) for name, one in value.items()}
    return [to_form(one) for one in value] if isinstance(value, list | tuple) else value


def from_form(form: Any, depth: int = _DEEPEST) -> Any:  # noqa: ANN401 (as above)
    """The sentence or parameter that JSON holds.

    Raises:
        ValueError: it is none, or is nested too deeply.
    """
    if not depth:
        raise ValueError(f"expected messages at most {_DEEPEST} deep")
    if isinstance(form, dict):
        if not isinstance(form.get("id"), str) or not isinstance(form.get("params"), dict):
            raise ValueError(f"expected a message with id and params, got {sorted(form)}")
        params = {name: from_form(one, depth - 1) for name, one in form["params"].items()}
        return Message(form["id"], **params)
    if isinstance(form, list):
        return tuple(from_form(one, depth - 1) for one in form)
    if isinstance(form, bool) or not isinstance(form, int | float | str):
        raise ValueError(f"expected a number, a text, a message or a list, got {form!r}")
    return form


def in_english(form: Any) -> Any:  # noqa: ANN401
    """What JSON holds, with the English of each message in its place."""
    if isinstance(form, list):
        return [in_english(one) for one in form]
    if not isinstance(form, dict):
        return form
    if form.keys() == {"id", "params"} and isinstance(form["params"], dict):
        return str(from_form(form))
    return {name: in_english(one) for name, one in form.items()}


class _Written:
    """How pydantic reads and writes a sentence; its schemas are plain dictionaries."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:  # noqa: ANN401
        form = handler.generate_schema(MessageForm)
        read = {"type": "function-after", "schema": form,
                "function": {"type": "no-info", "function": _read}}  # fmt: skip
        text = {"type": "function-after", "schema": handler(source),
                "function": {"type": "with-info", "function": _heard}}  # fmt: skip
        made = {"type": "is-instance", "cls": Message}
        return {
            "type": "json-or-python",
            "json_schema": {**_EITHER, "choices": [text, read]},
            "python_schema": {**_EITHER, "choices": [made, text, read]},
            "serialization": {"type": "function-plain", "function": to_form},
        }


_EITHER = {
    "type": "union", "mode": "left_to_right", "custom_error_type": "sentence",
    "custom_error_message": "expected a text, or a message with id and params",
}  # fmt: skip


def _read(form: MessageForm) -> Message:
    if not form.params:
        return _constant(form.id)
    return Message(form.id, **{name: from_form(one) for name, one in form.params.items()})


# An audit says "Wilson" a thousand times.
_constant = lru_cache(maxsize=4096)(Message)


def _heard(text: str, info: Any) -> str:  # noqa: ANN401
    """A text as it is; where files of an older form are read, by what knows its sentences."""
    return text if info.context is None else info.context(text)


Sentence = Annotated[str, _Written()]
"""What an audit stores for a reader: a `Message` of ours, or the text of somebody else."""
