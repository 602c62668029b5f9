"""JSON in which each message stands once: a card repeats a few of them a thousand times."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

_FORM = {"id", "params"}
_PLACE = "@"
"""No column, site or metric has this name and a whole number for it."""


def shared(content: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 (whatever JSON may hold)
    """The content with ``{"@": n}`` for each message that stands in it more than once.

    Args:
        content: as JSON holds it, messages by their id and params.

    Returns:
        The content, and the messages, counted from 0.
    """
    counts = Counter(map(_key, _messages(content)))
    often = [key for key, count in counts.items() if count > 1]
    places = {key: {_PLACE: n} for n, key in enumerate(often)}
    return _replaced(content, places), [json.loads(key) for key in often]


def unshared(content: Any, messages: list[Any]) -> Any:  # noqa: ANN401
    """The content with the messages back in their places.

    Raises:
        ValueError: a place names a message that is not there.
    """
    if isinstance(content, list):
        return [unshared(one, messages) for one in content]
    if not isinstance(content, dict):
        return content
    number = content.get(_PLACE)
    if len(content) == 1 and type(number) is int:
        if not 0 <= number < len(messages):
            raise ValueError(f"expected one of {len(messages)} messages, got number {number}")
        return messages[number]
    return {name: unshared(one, messages) for name, one in content.items()}


def _messages(content: object) -> Iterator[dict[str, Any]]:
    """The outermost messages."""
    if isinstance(content, list):
        for one in content:
            yield from _messages(one)
    elif isinstance(content, dict):
        if content.keys() == _FORM:
            yield content
        else:
            yield from _messages(list(content.values()))


def _replaced(content: Any, places: dict[str, dict[str, int]]) -> Any:  # noqa: ANN401
    if isinstance(content, list):
        return [_replaced(one, places) for one in content]
    if not isinstance(content, dict):
        return content
    if content.keys() == _FORM:
        return places.get(_key(content), content)
    return {name: _replaced(one, places) for name, one in content.items()}


def _key(message: dict[str, Any]) -> str:
    return json.dumps(message, sort_keys=True)
