"""Summary of the audit, for a reader who knows no measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections import explanations, results
from xaudit.report.sections.registry import section
from xaudit.report.tables import predictions
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_NOT = Message("not measured")
_NO_PREVALENCE = later(
    "What happens to 1,000 patients is not stated, because no prevalence was declared."
)


@section("summary", 10)
def summary(look: Lookup) -> Section:
    """Found, missed and falsely called, in people; then what it looks at."""
    points = look.findings.detector.operating_points
    return Section(
        "summary",
        "",
        tr("In plain words"),
        " ".join(results.found_sentence(look, point) for point in points)
        or tr("No operating point declared."),
        paragraphs=(
            *_false_alarms(look),
            *(() if predictions.alone(look.findings) else (explanations.looks_at(look),)),
            *(() if look.findings.prevalence is not None else (tr(_NO_PREVALENCE),)),
        ),
        tables=tuple(_per_thousand(look)),
    )


def _false_alarms(look: Lookup) -> Iterator[str]:
    for point in look.findings.detector.operating_points:
        right = look.estimate("ppv", operating_point=point.name)
        ratio = false_alarms(right)
        if ratio.value is not None and right.k is not None:
            yield (
                tr(
                    "Of {called} cases of this study that it called fractured at “{name}”, {wrong} "
                    "had no fracture: {ratio} false alarms for every fracture found.",
                    called=numbers.whole(right.n),
                    name=point.name,
                    wrong=numbers.whole(right.n - right.k),
                    ratio=numbers.estimate(ratio, "number"),
                )
            )


def false_alarms(ppv: Estimate) -> Estimate:
    """False alarms for every true find: 1 / PPV − 1, with the limits of the PPV's interval."""
    if ppv.value is None or ppv.low is None or ppv.high is None:
        return Estimate.missing(ppv.undefined or _NOT)
    if ppv.low <= 0:
        return Estimate.missing(
            Message("the interval of the PPV reaches 0: there is no upper limit")
        )
    low, value, high = (1 / one - 1 for one in (ppv.high, ppv.value, ppv.low))
    return Estimate(value, low, high, ppv.method, ppv.level, n=ppv.n, clusters=ppv.clusters,
                    unit=ppv.unit)  # fmt: skip


def _per_thousand(look: Lookup) -> Iterator[Table]:
    prevalence = look.findings.prevalence
    points = look.findings.detector.operating_points
    if prevalence is None or not points:
        return
    well = 1 - prevalence
    rows: tuple[tuple[str, Callable[[str], str]], ...] = (
        (tr("fractures found"), lambda p: _people(_of(look, "sensitivity", p), prevalence)),
        (
            tr("fractures missed"),
            lambda p: _people(_others(_of(look, "sensitivity", p)), prevalence),
        ),
        (
            tr("called fractured without a fracture"),
            lambda p: _people(_others(_of(look, "specificity", p)), well),
        ),
        (tr("left alone, rightly"), lambda p: _people(_of(look, "specificity", p), well)),
        (tr("false alarms for every fracture found"), lambda p: _ratio(look, p)),
        (
            tr("examined for one to be told right beyond chance (number needed to predict)"),
            lambda p: look.cell("number_needed_to_predict", operating_point=p),
        ),
    )
    names = [point.name for point in points]
    cells = tuple((title, *(cell(name) for name in names)) for title, cell in rows)
    ill = numbers.per_thousand(prevalence)
    note = tr(
        "A declared prevalence of {prevalence}, taken as known. ",
        prevalence=numbers.percent(prevalence),
    ) + look.methods("sensitivity", "specificity", "ppv_at_prevalence", "number_needed_to_predict")
    columns = (tr("Of them"), *(tr("at “{name}”", name=name) for name in names))
    yield Table(
        tr("Of 1,000 patients, {ill} of them with a fracture", ill=ill), columns, cells, note
    )


def _of(look: Lookup, metric: str, point: str) -> Estimate:
    return look.estimate(metric, operating_point=point)


def _others(estimate: Estimate) -> Estimate:
    """The share of those for whom it is the other way round."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(
        1 - estimate.value, 1 - estimate.high, 1 - estimate.low, estimate.method, estimate.level
    )


def _people(estimate: Estimate, of: float) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return f"{numbers.NONE} ({told(estimate.undefined or _NOT)})"
    value, low, high = (
        numbers.per_thousand(of * part) for part in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low}{numbers.DASH}{high})"


def _ratio(look: Lookup, point: str) -> str:
    one = false_alarms(look.estimate("ppv_at_prevalence", operating_point=point))
    reason = f" ({told(one.undefined or _NOT)})" if one.value is None else ""
    return f"{numbers.estimate(one, 'number')}{reason}"
