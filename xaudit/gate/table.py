"""A verdict on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xaudit.core.estimate import Estimate
from xaudit.core.policy import Rule, Verdict

# The marks of the card: they differ in shape as well as in color.
MARKS = {"pass": "●", "fail": "■", "inconclusive": "◇", "waived": "▲"}
_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "waived": "cyan"}


def verdict_table(verdict: Verdict) -> Group:
    """Every outcome with its interval and its reason, and the whole in a last line."""
    table = Table("", "rule", "scope", "estimate", "bound", "why", box=None, pad_edge=False)
    for outcome in verdict.outcomes:
        table.add_row(
            _mark(outcome.verdict),
            Text(outcome.rule.id),
            Text(_scope(outcome.scope)),
            Text(_interval(outcome.estimate)),
            Text(_bound(outcome.rule)),
            Text(outcome.why),
        )
    counts = ", ".join(
        f"{verdict.count(word)} {word}"
        for word in ("pass", "fail", "inconclusive", "waived")
        if verdict.count(word)
    )
    last = Text.assemble(
        _mark(verdict.overall),
        f" {verdict.overall}: policy {verdict.policy}, {counts or 'no rule was evaluated'}",
    )
    return Group(table, last)


def _mark(word: str) -> Text:
    return Text(MARKS[word], style=_STYLES[word])


def _scope(scope: Mapping[str, str]) -> str:
    shown = {key: value for key, value in scope.items() if key != "level"}
    if "group" in scope:
        shown["group"] = f"{scope['group']} {scope.get('level', '')}".strip()
    return ", ".join(value.replace("_", " ") for _, value in sorted(shown.items()))


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def _bound(rule: Rule) -> str:
    return f"≥ {rule.floor:g}" if rule.floor is not None else f"≤ {rule.ceiling:g}"
