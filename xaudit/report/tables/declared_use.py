"""Tables of what the audit file declares of the use: bands of the ROC curve, prices, margins."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Finding
from xaudit.report.language.translation import later, tr
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Table

_OF_CURVE = {
    "partial_auc": later("Partial AUC (0.5 says nothing, 1 is perfect), {scope}"),
    "sensitivity_at_specificity": later("Sensitivity at {scope}"),
    "specificity_at_sensitivity": later("Specificity at {scope}"),
}
_DETECTOR = "act above this probability"


def of_curve(look: Lookup) -> Iterator[Table]:
    """Partial areas, and one rate where the other is fixed."""
    found = [finding for finding in look.findings.findings if finding.metric in _OF_CURVE]
    if found:
        rows = tuple(
            (_title(finding), look.cell(finding.metric, **finding.scope)) for finding in found
        )
        note = tr(
            "Read off the ROC curve of these cases: it describes the curve and is no "
            "promise for a threshold that is fixed before. "
        )
        yield Table(
            tr("Parts of the ROC curve, declared before the run"),
            (tr("Measure"), tr("Value")),
            rows,
            note + look.methods(*_OF_CURVE),
        )


def _title(finding: Finding) -> str:
    of = " ".join(
        f"{measure(key)} {_value(value)}"
        for key, value in finding.scope.items()
        if key != "analysis"
    )
    return tr(_OF_CURVE[finding.metric], scope=of)


def _value(text: str) -> str:
    low, to, high = map(numbers.written, text.partition(" to "))
    return tr("{low} to {high}", low=low, high=high) if to else low


def net_benefit(look: Lookup) -> Iterator[Table]:
    """The decision curve at declared prices, as a table."""
    prices = list(
        dict.fromkeys(
            finding.scope["threshold_probability"]
            for finding in look.findings.findings
            if finding.metric == "decision_gain"
        )
    )
    if not prices:
        return
    points = [point.name for point in look.findings.detector.operating_points]
    rows = tuple(
        (
            numbers.percent(float(price)),
            *(
                look.cell("net_benefit", threshold_probability=price, operating_point=one)
                for one in points
            ),
            look.cell("decision_net_benefit", threshold_probability=price, strategy=_DETECTOR),
            look.cell("decision_gain", threshold_probability=price),
        )
        for price in prices
    )
    prevalence = look.findings.prevalence
    at = (
        tr("of the study")
        if prevalence is None
        else tr("of {prevalence}, as declared", prevalence=numbers.percent(prevalence))
    )
    note = tr(
        "Fractures found per case less false alarms at their price, at a "
        "prevalence {at}; acting on no case gives 0 (Vickers and Elkin 2006). At "
        "10 % nine false alarms weigh as much as one fracture found. Acting above "
        "the probability needs probabilities that mean what they say; calls at an "
        "operating point do not. The gain is over acting on all or on no case, "
        "whichever is better. ",
        at=at,
    )
    columns = (
        tr("One would just act at"),
        *(tr("Calls at “{name}”", name=one) for one in points),
        tr("Acting above that probability"),
        tr("Gain"),
    )
    note += look.methods("decision_gain")
    yield Table(tr("Net benefit (decision curve)"), columns, rows, note, folded=True)
