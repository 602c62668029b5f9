"""The section on degraded radiographs."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import figures, numbers
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Figure, Section, Table

_MEASURES = (
    ("auc", "AUC"),
    ("sensitivity", later("Sensitivity")),
    ("specificity", later("Specificity")),
)


@section("robustness", 90)
def robustness(look: Lookup) -> Section:
    """How sensitivity and specificity fall as the same radiographs are degraded."""
    steps = _steps(look.findings)
    points = look.findings.detector.operating_points
    title = tr("Does it hold on degraded radiographs?")
    if not steps or not points:
        return Section(
            "robustness", "", title, tr("Not measured: no case was degraded."),
            missing=(tr("Robustness: not measured in this audit (robustness.cases)."),),
        )  # fmt: skip
    point = points[0].name
    drawings = tuple(
        Figure(
            _drawing(look, metric, point, steps),
            tr("{name} at “{point}” on the same images.", name=tr(name), point=point),
        )
        for metric, name in _MEASURES[1:]
    )
    return Section(
        "robustness",
        "",
        title,
        tr(
            "Images that were scored are corrupted at rising severity and scored again; the "
            "reference standard stays."
        ),
        figures=drawings,
        tables=(
            *(_table(look, corruption, severities, point) for corruption, severities in steps),
            *_maps(look, steps),
        ),
    )


def _steps(findings: Findings) -> list[tuple[str, list[str]]]:
    """Corruptions with their severities, in the order of the findings."""
    steps: dict[str, list[str]] = {}
    for finding in findings.findings:
        corruption = finding.scope.get("degradation")
        if finding.metric == "degraded_auc" and corruption and corruption != "none":
            steps.setdefault(corruption, []).append(finding.scope["severity"])
    return list(steps.items())


def _drawing(look: Lookup, metric: str, point: str, steps: list[tuple[str, list[str]]]) -> str:
    rows: list[figures.ForestRow] = []
    for corruption, severities in steps:
        blank = look.estimate(metric)
        rows.append(figures.ForestRow(_title(look, corruption), blank, heading=True))
        for severity in severities:
            one = look.estimate(
                f"degraded_{metric}",
                degradation=corruption,
                severity=severity,
                operating_point=point,
            )
            rows.append(figures.ForestRow(numbers.written(severity), one))
    clean = look.estimate(
        f"degraded_{metric}", degradation="none", severity="0", operating_point=point
    ).value
    return figures.forest(
        tr("{metric} of degraded radiographs", metric=measure(metric)), rows, clean, None
    )


def _table(look: Lookup, corruption: str, severities: list[str], point: str) -> Table:
    rows = tuple(
        (numbers.written(severity), *_cells(look, corruption, severity, point))
        for severity in ("0", *severities)
    )
    names = tuple(
        column
        for _, name in _MEASURES
        for column in (tr(name), tr("{name}, difference", name=tr(name)))
    )
    note = look.methods(*(f"degraded_{metric}_gap" for metric, _ in _MEASURES))
    return Table(
        _title(look, corruption),
        (tr("Severity"), *names),
        rows,
        tr("A difference is degraded minus as they are, on the same cases. {note}", note=note),
        folded=True,
    )


def _cells(look: Lookup, corruption: str, severity: str, point: str) -> Iterator[str]:
    for metric, _ in _MEASURES:
        scope = {"degradation": corruption if severity != "0" else "none", "severity": severity}
        if metric != "auc":
            scope["operating_point"] = point
        yield look.cell(f"degraded_{metric}", **scope)
        yield "" if severity == "0" else look.cell(f"degraded_{metric}_gap", **scope)


def _maps(look: Lookup, steps: list[tuple[str, list[str]]]) -> Iterator[Table]:
    """Where the maps of degraded images lie, for every method of which they were made."""
    methods = list(dict.fromkeys(
        finding.scope["method"] for finding in look.findings.findings if finding.metric ==
        "degraded_mass"
    ))  # fmt: skip
    metrics = ("degraded_mass", "degraded_mass_gap", "degraded_hit", "degraded_hit_gap")
    for method in methods:
        rows = []
        for corruption, severities in steps:
            for severity in severities:
                scope = {"degradation": corruption, "severity": severity, "method": method}
                cells = (look.cell(metric, **scope) for metric in metrics)
                rows.append((f"{_title(look, corruption)}: {numbers.written(severity)}", *cells))
        yield Table(
            tr("Does {method} still lie on the fracture?", method=method),
            (
                tr("Corruption and severity"),
                tr("Mass on lesions"),
                tr("Difference"),
                tr("Hits"),
                tr("Difference"),
            ),
            tuple(rows),
            tr(
                "The same explained cases as they are and degraded; a map that cannot be "
                "read scores 0. {methods}",
                methods=look.methods(*metrics),
            ),
            folded=True,
        )


def _title(look: Lookup, name: str) -> str:
    for one in look.findings.corruptions:
        if one.name == name:
            return f"{told(one.title)} ({told(one.unit)})"
    return name
