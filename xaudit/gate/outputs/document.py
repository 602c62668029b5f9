"""A verdict as JSON; ``xaudit schema verdict`` prints its schema."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from xaudit.core.record.policy import Verdict


def verdict_json(verdict: Verdict) -> str:
    """JSON with sorted keys, ASCII only.

    Args:
        verdict: of a policy.
    """
    plain = TypeAdapter(Verdict).dump_python(verdict, mode="json")
    return json.dumps(plain, allow_nan=False, sort_keys=True, indent=1) + "\n"
