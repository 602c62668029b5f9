"""JSON of strangers: what Python reads of it and no file, no path and no other program takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# NUL and halves of pairs, written as JSON writes them; an even number of backslashes is a text.
_DOUBTFUL = re.compile(r"(?<!\\)(?:\\\\)*\\u(0000|[dD][89a-fA-F])")
# Seeds of NumPy have 128 bits.
_DIGITS = 40
Pairs = Callable[[list[tuple[str, Any]]], dict[str, Any]]


def read_json_text(text: str, *, finite: bool = False, pairs: Pairs | None = None) -> Any:  # noqa: ANN401 (what JSON may hold)
    """The content of a JSON text.

    Args:
        text: of the file.
        finite: refuse NaN, Infinity and numbers beyond the range of floats or of any count.
        pairs: makes an object of its names and values.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds what no text has.
    """
    strict: dict[str, Any] = {
        "parse_constant": _finite, "parse_float": _finite, "parse_int": _whole
    }  # fmt: skip
    try:
        content = json.loads(text, object_pairs_hook=pairs, **(strict if finite else {}))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    doubtful = {found[1] for found in _DOUBTFUL.finditer(text)}
    if "0000" in doubtful:
        raise ValueError("it holds the character NUL")
    if doubtful:
        json.dumps(content, ensure_ascii=False).encode()
    return content


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"expected a number of at most {_DIGITS} digits, got {text[:40]}...")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"expected a finite number, got {text[:40]}")
    return number
