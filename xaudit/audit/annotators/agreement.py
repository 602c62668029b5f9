"""Agreement of the annotators of a study, on labels and on outlines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.probe_tables import READINGS
from xaudit.audit.scores.readings import DICE, DRAWN, IOUS, MATCHED, Readings
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.stats import agreement
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.resampling.bootstrap import clustered_mean, clustered_ratio
from xaudit.stats.resampling.of_sums import clustered_function

FAMILY = "annotators"
_ONE_CATEGORY = Message("all readings are of one category: chance agreement is complete")
_NOBODY = Message("no case was read by both")


def _facts() -> Iterator[MetricFacts]:
    for name, question in (
        ("annotator_agreement", "On what share of the cases do two annotators say the same?"),
        ("outline_dice", "What share of two outlined areas is outlined by both annotators?"),
        ("outline_f1", "How well do the lesions of two annotators coincide?"),
    ):
        yield beside(name, Message(question), "higher", "proportion", FAMILY)
    for name, question in (
        ("cohen_kappa", "How much more do two annotators agree than by chance?"),
        ("fleiss_kappa", "How much more do annotators who read all cases agree than by chance?"),
        ("krippendorff_alpha", "How much less do annotators disagree than by chance?"),
    ):
        yield beside(name, Message(question), "higher", "number", FAMILY)


def readings_of(material: Material) -> Readings:
    """The readings of an audit; see `Material.shared`."""
    return Readings.of(material.rows_of(READINGS), material.results.cases)


@as_analysis("annotators", 120, [READINGS], facts=_facts)
def _agreement(material: Material) -> Iterator[Finding]:
    readings = material.shared(readings_of)
    if len(readings.annotators) < 2:
        return
    of = _Agreement(readings, material)
    yield of.fleiss()
    yield of.alpha()
    for one, other, pair in readings.pairs:
        yield from of.labels(one, other, pair)
        yield from of.outlines(pair)


@dataclass(frozen=True, slots=True)
class _Agreement:
    readings: Readings
    material: Material

    def fleiss(self) -> Finding:
        """Of the cases that all annotators read."""
        readings = self.readings
        rows = np.asarray(readings.read.all(axis=1))
        columns = agreement.fleiss_columns(readings.positive[rows], len(readings.annotators))
        why = _ONE_CATEGORY if rows.any() else Message("no case was read by all annotators")
        estimate = clustered_function(
            agreement.fleiss_kappa, columns, readings.patients_of(rows), self._rng("fleiss"),
            self.material.statistics.draws, why,
        )  # fmt: skip
        return self._sized("fleiss_kappa", {}, estimate, rows)

    def alpha(self) -> Finding:
        """Of all cases that were read more than once."""
        readings = self.readings
        counts = readings.read.sum(axis=1)
        rows = counts >= 2
        columns = agreement.alpha_columns(readings.positive[rows], counts[rows])
        why = _ONE_CATEGORY if rows.any() else Message("no case was read twice")
        estimate = clustered_function(
            agreement.krippendorff_alpha, columns, readings.patients_of(rows), self._rng("alpha"),
            self.material.statistics.draws, why,
        )  # fmt: skip
        return self._sized("krippendorff_alpha", {}, estimate, rows)

    def labels(self, one: int, other: int, pair: str) -> Iterator[Finding]:
        """Of a pair, on the cases that both read."""
        readings, scope = self.readings, {"annotators": pair}
        rows = readings.read[:, one] & readings.read[:, other]
        first, second = (readings.calls[rows, column] == 1 for column in (one, other))
        patients = readings.patients_of(rows)
        same = Estimate.missing(_NOBODY)
        if rows.any():
            same = clustered_proportion(first == second, patients)
        yield self._sized("annotator_agreement", scope, same, rows)
        kappa = clustered_function(
            agreement.cohen_kappa, agreement.pair_columns(first, second), patients,
            self._rng("cohen", pair), self.material.statistics.draws,
            _ONE_CATEGORY if rows.any() else _NOBODY,
        )  # fmt: skip
        yield self._sized("cohen_kappa", scope, kappa, rows)

    def outlines(self, pair: str) -> Iterator[Finding]:
        """Of a pair, on the cases in which both say where they see a lesion, or that there is none.

        Nothing where the annotators of the study outline nothing at all.
        """
        overlaps, patients = self.readings.overlaps, self.material.patients
        if not overlaps:
            return
        shared = overlaps.get((DICE, pair, ""), {})
        names = [patients[case] for case in shared]
        estimate = Estimate.missing(Message("no case was outlined by both"))
        if shared:
            estimate = clustered_mean(
                np.array(list(shared.values())), names, self._rng("dice", pair),
                self.material.statistics.draws, share=True,
            )  # fmt: skip
        yield self._of("outline_dice", {"annotators": pair}, estimate, len(shared))
        drawn = overlaps.get((DRAWN, pair, ""), {})
        names = [patients[case] for case in drawn]
        for iou in IOUS:
            found = overlaps.get((MATCHED, pair, f"{iou:g}"), {})
            estimate = Estimate.missing(Message("no case was outlined by either"))
            if drawn:
                twice = 2 * np.array([found[case] for case in drawn])
                estimate = clustered_ratio(
                    twice, np.array(list(drawn.values())), names,
                    self._rng("f1", pair, f"{iou:g}"), self.material.statistics.draws,
                )  # fmt: skip
            yield self._of("outline_f1", {"annotators": pair, "iou": f"{iou:g}"}, estimate,
                           len(drawn))  # fmt: skip

    def _sized(
        self, metric: str, scope: dict[str, str], estimate: Estimate, rows: npt.NDArray[np.bool_]
    ) -> Finding:
        """The rarer kind decides what may be said: cases that anybody calls fractured, or not."""
        positive = self.readings.positive[rows]
        yes = int((positive > 0).sum())
        no = int((positive < self.readings.read[rows].sum(axis=1)).sum())
        count, what = rarest(yes, no)
        found = apply_size_rule(estimate, count, self.material.statistics.minimum, what)
        return self._told(metric, scope, found)

    def _of(self, metric: str, scope: dict[str, str], estimate: Estimate, cases: int) -> Finding:
        minimum = self.material.statistics.minimum
        found = apply_size_rule(estimate, cases, minimum, Message("cases"))
        return self._told(metric, scope, found)

    def _told(self, metric: str, scope: dict[str, str], estimate: Estimate) -> Finding:
        """Who leaves out ties agrees more: no verdict is read from that."""
        # Of a tie of two, one has no outline to be compared.
        if self.readings.ties and metric != "outline_dice":
            estimate = estimate.with_caution(_left_out(self.readings.ties))
        return Finding(metric, scope, replace(estimate, unit=self.material.unit))

    def _rng(self, *name: str) -> np.random.Generator:
        return generator_for(self.material.seed, "bootstrap", "annotators", *name)


def _left_out(ties: int) -> Message:
    if ties == 1:
        return Message(
            "1 case on which annotators tie is left out as declared: with it they would agree less"
        )
    return Message(
        "{n} cases on which annotators tie are left out as declared: with them they would agree "
        "less",
        n=ties,
    )
