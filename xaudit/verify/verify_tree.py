"""Differences between two records, by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from xaudit.core.message import in_english
from xaudit.core.record.finding import Findings

_SHOWN = 80


def plain(findings: Findings) -> dict[str, Any]:
    """Findings as JSON would hold them, their sentences in English, each under its id."""
    content: dict[str, Any] = in_english(TypeAdapter(Findings).dump_python(findings, mode="json"))
    named: dict[str, Any] = {}
    for one, entry in zip(findings.findings, content["findings"], strict=True):
        named[one.id if one.id not in named else f"{one.id} once more"] = entry
    return content | {"findings": named}


def differences(stated: object, found: object, place: str) -> Iterator[str]:
    """One line for each leaf that is not the same; numbers may differ by rounding (1e-9).

    Args:
        stated: what is written.
        found: what it should be.
        place: how the whole is called.
    """
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        for key in [*stated, *(key for key in found if key not in stated)]:
            where = f"{place}: {key}"
            if key not in found:
                yield f"{where}: stated, but not recomputed"
            elif key not in stated:
                yield f"{where}: recomputed, but not stated"
            else:
                yield from differences(stated[key], found[key], where)
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for number, (one, other) in enumerate(zip(stated, found, strict=True)):
            yield from differences(one, other, f"{place}: {number}")
    elif not _same(stated, found):
        yield f"{place}: {_short(stated)}, found {_short(found)}"


def _same(stated: object, found: object) -> bool:
    if isinstance(stated, bool) or isinstance(found, bool):
        return stated is found
    if isinstance(stated, int | float) and isinstance(found, int | float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-12)
    return stated == found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
