"""Findings by metric and scope, for the parts of the card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding, Findings
from xaudit.core.record.interim import level_text
from xaudit.core.record.policy import Verdict
from xaudit.report.language.translation import current, later, told, tr
from xaudit.report.view import numbers
from xaudit.report.view.small_samples import few

_MEASURES = {
    "sensitivity": later("sensitivity"),
    "specificity": later("specificity"),
    "auc": later("auc"),
}


def measure(name: str) -> str:
    """The three measures that everybody knows, as a word; others by the name of the registry."""
    return tr(_MEASURES[name]) if name in _MEASURES else name


class Lookup:
    """Finds estimates; where an analysis is not named, that of the scored cases is meant.

    Args:
        findings: of the run.
        verdict: of the policy; None where none was judged.
        pictures: file name → PNG, of the cases that are shown.
        uses: how often the study was used before; empty where no ledger was kept.
    """

    def __init__(
        self,
        findings: Findings,
        verdict: Verdict | None = None,
        pictures: Mapping[str, bytes] = MappingProxyType({}),
        uses: str = "",
    ) -> None:
        self.findings, self.verdict = findings, verdict
        self.pictures, self.uses = pictures, uses
        self._facts = {facts.name: facts for facts in findings.metrics}
        self._by_key = {
            _key(finding.metric, finding.scope): finding for finding in findings.findings
        }

    def get(self, metric: str, **scope: str) -> Finding | None:
        """The finding, or None if the audit has none."""
        found = self._by_key.get(_key(metric, scope))
        if found is None and "analysis" not in scope:
            found = self._by_key.get(_key(metric, {**scope, "analysis": "scored"}))
        return found

    def estimate(self, metric: str, **scope: str) -> Estimate:
        """The estimate; one without a value that says so where the audit has none."""
        found = self.get(metric, **scope)
        return found.estimate if found else Estimate.missing(Message("not measured in this audit"))

    def link(self, metric: str, scope: Mapping[str, str]) -> str:
        """The address of a finding in the page; "" if the audit has none."""
        found = self.get(metric, **scope)
        return f"#finding={quote(found.id, safe='')}" if found else ""

    def unit(self, metric: str) -> str:
        """How the metric is printed."""
        bare = metric.removesuffix("_gap")
        facts = self._facts.get(bare)
        return facts.unit if facts else _UNITS.get(bare, "proportion")

    def cell(self, metric: str, **scope: str) -> str:
        """Value, interval and counts, or a dash and the reason; see `few` for cautions."""
        return self._shown(metric, scope, few)

    def said(self, metric: str, **scope: str) -> str:
        """Like `cell`, for a sentence: the caution is spelled out."""
        return self._shown(metric, scope, told)

    def _shown(self, metric: str, scope: Mapping[str, str], say: Callable[[str], str]) -> str:
        one = self.estimate(metric, **scope)
        unit = self.unit(metric)
        counts = f", {numbers.counts(one)}" if one.k is not None else ""
        if one.value is None:
            return f"{numbers.NONE}{counts} ({told(one.undefined or '')})"
        shown = numbers.estimate(one, unit, metric.endswith("_gap"))
        caution = f"; {say(one.caution)}" if one.caution else ""
        return f"{shown}{counts}{caution}"

    def methods(self, *metrics: str) -> str:
        """Which interval methods stand behind these metrics, for a footnote."""
        stated = [
            finding.estimate
            for finding in self.findings.findings
            if finding.metric in metrics and finding.estimate.method and not _of_a_family(finding)
        ]
        names = {one.method for one in stated}
        levels = {_level(one.level) for one in stated}
        if not names:
            return ""
        level = tr(" and ").join(sorted(levels))
        return tr(
            "{level} intervals, two-sided. Method: {methods}.",
            level=level,
            methods="; ".join(map(told, sorted(names))),
        )


def _level(level: float) -> str:
    """A confidence level; that of an interim analysis may be too high to be rounded."""
    if level == round(level, 2):
        return numbers.percent(level)
    return current().number(level_text(level))


_UNITS = {
    "auc": "number",
    "f1": "number",
    "brier": "number",
    "ece": "number",
    "calibration_slope": "number",
    "calibration_intercept": "number",
    "likelihood_ratio_positive": "ratio",
    "likelihood_ratio_negative": "ratio",
    "number_needed_to_predict": "ratio",
    "enrichment": "ratio",
}


def _of_a_family(finding: Finding) -> bool:
    """Intervals that hold together have a table of their own, which says how they were made."""
    return finding.scope.get("analysis") == "simultaneous"


def _key(metric: str, scope: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return metric, tuple(sorted(scope.items()))
