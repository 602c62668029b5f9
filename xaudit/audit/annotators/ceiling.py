"""The detector beside the annotators, and its figures under every rule of consensus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.annotators.agreement import FAMILY, readings_of
from xaudit.audit.scores.probe_tables import READINGS
from xaudit.audit.scores.readings import Readings
from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, specificity

RULES = ("majority", "any", "all")
"""By which readings become a label; ties of a majority are left out."""
_RATES = {"sensitivity": sensitivity, "specificity": specificity}
_Votes = npt.NDArray[np.int8]
"""(N,) 1, 0, and -1 where nothing is said."""


def _facts() -> Iterator[MetricFacts]:
    for rate, what in (
        ("sensitivity", Message("fractured")),
        ("specificity", Message("not fractured")),
    ):
        for name, question in (
            (
                f"annotator_{rate}",
                "What share of what the majority of the others calls {what} does an annotator too?",
            ),
            (
                f"{rate}_beside_annotator",
                "What share of what the majority of the others calls {what} does the detector too?",
            ),
            (
                f"{rate}_by_annotator",
                "What share of what one annotator calls {what} does the detector too?",
            ),
            (
                f"{rate}_by_consensus",
                "What share of what a rule of consensus calls {what} does the detector too?",
            ),
        ):
            asked = Message(question, what=what)
            yield beside(name, asked, "higher", "proportion", FAMILY)
    for name, question in (
        ("auc_by_annotator", "How often does a case that one annotator calls fractured score "
         "above one that this annotator does not?"),
        ("auc_by_consensus", "How often does a case that a rule of consensus calls fractured "
         "score above one that it does not?"),
    ):  # fmt: skip
        yield replace(beside(name, Message(question), "higher", "proportion", FAMILY),
                      unit="number")  # fmt: skip


@as_analysis("detector and annotators", 121, [READINGS], facts=_facts)
def _ceiling(material: Material) -> Iterator[Finding]:
    readings = material.shared(readings_of)
    if len(readings.annotators) < 2:
        return
    of = _Compared(readings, material)
    for column, name in enumerate(readings.annotators):
        scope = {"annotator": name}
        own = np.asarray(readings.calls[:, column])
        yield from of.detector(own, "by_annotator", scope)
        yield from of.area(own, "auc_by_annotator", scope)
        others = by_majority(np.delete(readings.calls, column, axis=1))
        others = np.where(own >= 0, others, -1).astype(np.int8)
        yield from of.annotator(own, others, scope)
        yield from of.detector(others, "beside_annotator", scope)
    for rule in RULES:
        labels = by_rule(readings.calls, rule)
        yield from of.detector(labels, "by_consensus", {"consensus": rule})
        yield from of.area(labels, "auc_by_consensus", {"consensus": rule})


def by_majority(calls: _Votes) -> _Votes:
    """What most annotators say; nothing where as many say one as the other, or nobody read it.

    Args:
        calls: (N, A) 1, 0, and -1 for not read.
    """
    yes, no = (calls == 1).sum(axis=1), (calls == 0).sum(axis=1)
    return np.where(yes == no, -1, yes > no).astype(np.int8)


def by_rule(calls: _Votes, rule: str) -> _Votes:
    """The label by a rule; see `RULES`.

    Args:
        calls: (N, A) 1, 0, and -1 for not read.
        rule: of consensus.
    """
    if rule == "majority":
        return by_majority(calls)
    yes, read = (calls == 1).any(axis=1), (calls >= 0).any(axis=1)
    said = yes if rule == "any" else yes & ~(calls == 0).any(axis=1)
    return np.where(read, said, -1).astype(np.int8)


def with_ties(estimate: Estimate, ties: int) -> Estimate:
    """A figure of annotators: no verdict is read from it where images of ties were left out.

    Args:
        estimate: of the images that are left.
        ties: images that were left out.
    """
    if not ties:
        return estimate
    said = (
        Message(
            "1 case on which annotators tie is left out as declared: it is in no figure of "
            "annotators"
        )
        if ties == 1
        else Message(
            "{n} cases on which annotators tie are left out as declared: they are in no "
            "figure of annotators",
            n=ties,
        )
    )
    return estimate.with_caution(said)


@dataclass(frozen=True, slots=True)
class _Compared:
    readings: Readings
    material: Material

    def detector(self, labels: _Votes, kind: str, scope: dict[str, str]) -> Iterator[Finding]:
        """Rates at every operating point, on the scored cases that have a label."""
        for point in self.material.points:
            p = replace(self._scored(labels), threshold=point.edge)
            for rate in _RATES:
                full = {**scope, "operating_point": point.name}
                yield self._rate(f"{rate}_{kind}", rate, p, full)

    def annotator(self, own: _Votes, others: _Votes, scope: dict[str, str]) -> Iterator[Finding]:
        """Rates of an annotator, on the same cases as those of the detector beside."""
        rows = (others >= 0) & ~np.isnan(self.readings.logits)
        calls = np.where(own[rows] == 1, 1.0, -1.0)
        p = self._predictions(calls, others, rows)
        for rate in _RATES:
            yield self._rate(f"annotator_{rate}", rate, p, scope)

    def area(self, labels: _Votes, metric: str, scope: dict[str, str]) -> Iterator[Finding]:
        """The area under the ROC curve, on the scored cases that have a label."""
        p = self._scored(labels)
        yield self._sized(metric, "", auc(p), p, scope)

    def _scored(self, labels: _Votes) -> Predictions:
        rows = (labels >= 0) & ~np.isnan(self.readings.logits)
        return self._predictions(self.readings.logits[rows], labels, rows)

    def _predictions(
        self, logits: npt.NDArray[np.float64], labels: _Votes, rows: BoolArray
    ) -> Predictions:
        return Predictions(
            logits, labels[rows] == 1, self.readings.patients_of(rows), unit=self.material.unit
        )

    def _rate(self, metric: str, rate: str, p: Predictions, scope: dict[str, str]) -> Finding:
        return self._sized(metric, rate, _RATES[rate](p), p, scope)

    def _sized(
        self, metric: str, rate: str, estimate: Estimate, p: Predictions, scope: dict[str, str]
    ) -> Finding:
        positives = int(p.labels.sum())
        count, what = rarest(positives, len(p) - positives, rate)
        sized = apply_size_rule(estimate, count, self.material.statistics.minimum, what)
        return Finding(metric, scope, with_ties(sized, self.readings.ties), positives=positives)
