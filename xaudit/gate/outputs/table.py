"""A verdict on the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xaudit.core.record.policy import Verdict
from xaudit.core.text.printable import in_a_cell
from xaudit.gate.judging.waivers import waiver_text
from xaudit.gate.policies import wording

# The marks of the card: they differ in shape as well as in color.
MARKS = {"pass": "●", "fail": "■", "inconclusive": "◇", "waived": "▲"}
_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "waived": "cyan"}


def verdict_table(verdict: Verdict) -> Group:
    """Every outcome with its interval and its reason, and the whole in a last line."""
    table = Table("", "rule", "scope", "estimate", "bound", "why", box=None, pad_edge=False)
    for outcome in verdict.outcomes:
        table.add_row(
            _mark(outcome.verdict),
            _text(outcome.rule.id),
            _text(wording.scope_text(outcome.scope)),
            _text(wording.interval_text(outcome.estimate)),
            _text(outcome.rule.demand),
            _text(outcome.why),
        )
    last = Text.assemble(
        _mark(verdict.overall),
        " ",
        _text(f"{verdict.overall}: policy {verdict.policy}, {wording.counts_text(verdict)}"),
    )
    waivers = [_text(waiver_text(waiver), style=_STYLES["waived"]) for waiver in verdict.waivers]
    compared = [_text(line) for line in wording.baseline_lines(verdict)]
    changed = [_text(line, style="bold") for line in wording.warning_lines(verdict)]
    suspected = [
        _text(
            wording.suspicion_text(suspicion),
            style="" if suspicion.acknowledged else _STYLES["inconclusive"],
        )
        for suspicion in verdict.suspicions
    ]
    return Group(table, *waivers, *compared, *suspected, *changed, last)


def _mark(word: str) -> Text:
    return Text(MARKS[word], style=_STYLES[word])


def _text(text: str, style: str = "") -> Text:
    """Wrapped by the table or the terminal, wherever that is."""
    return Text(in_a_cell(text), style=style)
