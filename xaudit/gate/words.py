"""How outputs say a scope, an interval and a bound."""

from __future__ import annotations

from collections.abc import Mapping

from xaudit.core.estimate import Estimate
from xaudit.core.policy import Rule, Verdict

CHANGED = "changed after the run: this policy is not the one that was fixed before the run"


def scope_text(scope: Mapping[str, str]) -> str:
    """The values of a scope; a level stands behind its group."""
    shown = {key: value for key, value in scope.items() if key != "level"}
    if "group" in scope:
        shown["group"] = f"{scope['group']} {scope.get('level', '')}".strip()
    return ", ".join(value.replace("_", " ") for _, value in sorted(shown.items()))


def interval_text(estimate: Estimate | None) -> str:
    """Value and limits, or a dash where there is none."""
    if estimate is None or estimate.value is None:
        return "–"
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def bound_text(rule: Rule) -> str:
    """``≥ floor`` or ``≤ ceiling``."""
    return f"≥ {rule.floor:g}" if rule.floor is not None else f"≤ {rule.ceiling:g}"


def counts_text(verdict: Verdict) -> str:
    """How many outcomes have which verdict."""
    counts = ", ".join(
        f"{verdict.count(word)} {word}"
        for word in ("pass", "fail", "inconclusive", "waived")
        if verdict.count(word)
    )
    return counts or "no rule was evaluated"
