"""The JSON inside the page: all findings and the verdict, to be read by programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date

from xaudit.core.message import to_form
from xaudit.core.record.finding import SCHEMA_VERSION, Findings
from xaudit.core.record.policy import Verdict
from xaudit.core.record.shared_messages import shared
from xaudit.report.elements.record import record


def twin(
    findings: Findings, verdict: Verdict | None, uses: str = "", unverified: Sequence[str] = ()
) -> str:
    """JSON of findings, verdict and record (element → status), safe in a ``<script>`` element.

    A field that has the default of its schema (``xaudit schema findings``) is left out, and a
    message that stands more than once is ``{"@": n}``, the n-th of ``messages``: with those
    in their places, reading the twin by that schema gives the same objects, from a third less text.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    (plain, judged), messages = shared([_plain(findings), _plain(verdict)])
    states = {one.field.name: one.status for one in record(findings)}
    whole: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "messages": messages,
        "findings": plain,
        "verdict": judged,
        "record": states,
    }
    if uses:
        whole["uses"] = to_form(uses)
    if unverified:
        whole["unverified"] = list(unverified)
    return script_json(whole)


def script_json(plain: object) -> str:
    """JSON that cannot end the ``<script>`` element that it stands in; messages by their ids.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(to_form(plain), sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(thing: object) -> object:
    if is_dataclass(thing):
        values = ((field, getattr(thing, field.name)) for field in fields(thing))
        return {one.name: _plain(value) for one, value in values if value != _default(one)}
    if isinstance(thing, Mapping):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [_plain(value) for value in thing]
    return thing.isoformat() if isinstance(thing, date) else to_form(thing)


def _default(field: Field[object]) -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
