"""By how much each method beats maps that know nothing of the detector, on the same cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xaudit.audit.localization import with_lesions
from xaudit.audit.means import Means
from xaudit.audit.results import Results
from xaudit.audit.score import REFERENCES
from xaudit.core.finding import Finding
from xaudit.core.metric import METRICS, MetricFacts

PAIRED = ("mass", "rank_accuracy", "auprc", "hit", "lesion_hit_rate")


def reference_gap_findings(
    results: Results, methods: Sequence[str], means: Means
) -> Iterator[Finding]:
    """Mean difference of the scores, method minus reference, over the same cases.

    Cases where either has no score are left out.

    Args:
        results: of the run, with the scores of the references.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows = with_lesions(results)
    for metric in PAIRED:
        for reference in REFERENCES:
            theirs = results.by_score.get((reference, metric), {})
            for method in methods if theirs else ():
                own = results.by_score.get((method, metric), {})
                pairs = [
                    (one.value - other.value, row.patient)
                    for row in rows
                    if (one := own.get(row.case_id)) and (other := theirs.get(row.case_id))
                    if one.value is not None and other.value is not None
                ]
                scope = {"method": method, "reference": reference}
                values, patients = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
                yield means.finding(f"{metric}_reference_gap", scope, values, patients)


def reference_gap_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        MetricFacts(
            f"{metric}_reference_gap",
            f"How much higher than of a map that knows nothing of the detector: {question}",
            "higher",
            -1.0,
            1.0,
            "proportion",
            "localization",
        )
        for metric in PAIRED
        if (question := _lowered(METRICS[metric].facts.question))
    ]


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
