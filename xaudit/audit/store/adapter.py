"""Adapters: objects of a type from plain values and back, by pydantic."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter


def adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401  (any type there is)
    """The adapter of a type, made once: to make one takes longer than most files take to read."""
    return _made(kind)


@cache
def _made(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(kind)
