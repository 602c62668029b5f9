"""Sections on how well the detector finds fractures."""

from __future__ import annotations

from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import CROSS
from xaudit.core.record.policy import Verdict
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections.operating_points import AT_POINT, point_tables, side_by_side
from xaudit.report.sections.registry import section
from xaudit.report.tables.declared_use import net_benefit, of_curve
from xaudit.report.tables.demographics import demographics
from xaudit.report.tables.extremes import equal, extremes
from xaudit.report.tables.folds import folds
from xaudit.report.tables.group_details import group_calibration, group_maps
from xaudit.report.tables.intersections import matrices
from xaudit.report.tables.matched_gaps import matched
from xaudit.report.tables.package_metrics import added_of_analyses, added_of_scores
from xaudit.report.tables.simultaneous_gaps import of_sites, simultaneous
from xaudit.report.tables.site_shift import site_shift
from xaudit.report.tables.sites import by_site
from xaudit.report.tables.weakest import weakest
from xaudit.report.view import figures, numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Figure, Section, Table

CALIBRATION = (
    ("brier", later("Brier score")),
    ("calibration_slope", later("Calibration slope")),
    ("calibration_intercept", later("Calibration intercept")),
    (
        "ece",
        later("Expected calibration error (biased upwards, also where calibration is perfect)"),
    ),
    (
        "squared_calibration_error",
        later("Squared calibration error, bias taken off (about 0 is best)"),
    ),
)
GAPS = ("sensitivity_gap", "specificity_gap", "auc_gap")


@section("performance", 50)
def performance(look: Lookup) -> Section:
    """Accuracy at each operating point, scored and worst case, and over all of them."""
    findings = look.findings
    points = findings.detector.operating_points
    curve = next((one for one in findings.curves if one.name == "roc"), None)
    drawn = tr(
        "ROC: how many fractures are found for how many false alarms; operating points marked."
    )
    return Section(
        "performance",
        "",
        tr("Does it find fractures?"),
        " ".join(found_sentence(look, point) for point in points)
        or tr("No operating point declared."),
        paragraphs=(
            tr(
                "AUC, the chance that a fracture scores above a normal case: {auc}.",
                auc=look.said("auc"),
            ),
        ),
        figures=(Figure(figures.roc(curve, tr("ROC curve")), drawn),) if curve else (),
        tables=(
            *side_by_side(look),
            *(table for point in points for table in point_tables(look, point)),
            *folds(look),
            *of_curve(look),
            *net_benefit(look),
            *added_of_scores(look),
            *added_of_analyses(look),
        ),
        missing=() if curve else (tr("ROC curve: not in the findings."),),
    )


def found_sentence(look: Lookup, point: OperatingPoint) -> str:
    """What sensitivity and specificity say, in people."""
    found = look.estimate("sensitivity", operating_point=point.name)
    left = look.estimate("specificity", operating_point=point.name)
    if found.k is None or left.k is None:
        return tr("Whether it finds fractures at “{name}” was not measured.", name=point.name)
    if not found.n or not left.n:
        return _of_one_kind(point, found, left)
    return tr(
        "At “{name}” the detector found {found} of {fractures} fractures and left {left} of "
        "{normal} normal cases alone.",
        name=point.name,
        found=numbers.whole(found.k),
        fractures=numbers.whole(found.n),
        left=numbers.whole(left.k),
        normal=numbers.whole(left.n),
    )


def _of_one_kind(point: OperatingPoint, found: Estimate, left: Estimate) -> str:
    """What is said where no fracture was scored, or no normal case, or neither."""
    if found.n:
        return tr(
            "At “{name}” the detector found {found} of {fractures} fractures; no normal case was "
            "scored.",
            name=point.name,
            found=numbers.whole(found.k or 0),
            fractures=numbers.whole(found.n),
        )
    if left.n:
        return tr(
            "At “{name}” the detector left {left} of {normal} normal cases alone; no fracture was "
            "scored.",
            name=point.name,
            left=numbers.whole(left.k or 0),
            normal=numbers.whole(left.n),
        )
    return tr("Whether it finds fractures at “{name}” was not measured.", name=point.name)


@section("calibration", 60)
def calibration(look: Lookup) -> Section:
    """Whether a probability means what it says."""
    bins = look.findings.calibration
    caption = tr(
        "Points on the diagonal mean what they say; bars at the bottom show the number of cases."
    )
    table = Table(
        tr("Observed share of fractures by predicted probability"),
        (tr("Predicted"), tr("Mean"), tr("Observed")),
        tuple(
            (
                f"{numbers.percent(bin_.low)}{numbers.DASH}{numbers.percent(bin_.high)}",
                numbers.percent(bin_.mean_probability),
                f"{numbers.estimate(bin_.observed)}, {numbers.counts(bin_.observed)}"
                + (f" ({told(bin_.observed.undefined)})" if bin_.observed.undefined else ""),
            )
            for bin_ in bins
        ),
        folded=True,
    )
    scores = Table(
        tr("Calibration over all scored cases"),
        (tr("Measure"), tr("Value")),
        tuple((tr(title), look.cell(metric)) for metric, title in CALIBRATION),
        look.methods(*(metric for metric, _ in CALIBRATION)),
    )
    drawing = (Figure(figures.calibration(bins, tr("Calibration")), caption),) if bins else ()
    return Section(
        "calibration",
        "",
        tr("Do its probabilities mean what they say?"),
        tr("Of the cases that are given a probability of 80 %, about 80 % should be fractured."),
        figures=drawing,
        tables=(scores, table) if bins else (scores,),
        missing=() if bins else (tr("Calibration by probability: not in the findings."),),
    )


@section("groups", 70, appendix=True)
def groups(look: Lookup) -> Section:
    """Sensitivity and specificity for every level of every column, and the gaps to the rest."""
    levels = look.findings.study.levels
    points = look.findings.detector.operating_points[:1]
    low, enough = look.findings.minimum
    drawings = tuple(
        Figure(
            _forest(look, metric, point.name),
            tr(
                "{title} at “{name}”; gray rows are too small for a verdict.",
                title=tr(title),
                name=point.name,
            ),
        )
        for point in points
        for metric, title in AT_POINT[:2]
    )
    return Section(
        "groups",
        "",
        tr("For whom and where does it work less well?"),
        weakest(look),
        paragraphs=(
            tr(
                "Fewer than {low} cases: counts only. Fewer than {enough}: an interval "
                "without a verdict. Many subgroups are compared; some will differ by chance.",
                low=numbers.whole(low),
                enough=numbers.whole(enough),
            ),
        ),
        figures=drawings if levels else (),
        tables=(
            demographics(look.findings),
            *simultaneous(look),
            *extremes(look),
            *equal(look),
            *matched(look),
            *of_sites(look),
            *by_site(look),
            *site_shift(look),
            *matrices(look),
            *(_group_table(look, column, points) for column in _columns(look)),
            *group_calibration(look),
            *group_maps(look),
        ),
        missing=() if levels else (tr("Subgroups and sites: the study has no attribute."),),
    )


def _columns(look: Lookup) -> list[str]:
    """Columns in their order, intersections after all of them."""
    return sorted(look.findings.study.levels, key=lambda column: column.count(CROSS))


def _forest(look: Lookup, metric: str, point: str) -> str:
    rows: list[figures.ForestRow] = []
    for column, levels in look.findings.study.levels.items():
        if CROSS in column:
            continue
        blank = look.estimate(metric)
        rows.append(figures.ForestRow(column, blank, heading=True))
        for level in in_order(levels):
            one = look.estimate(metric, operating_point=point, group=column, level=level)
            rows.append(figures.ForestRow(named(level), one))
    overall = look.estimate(metric, operating_point=point).value
    return figures.forest(
        tr("{metric} by subgroup", metric=measure(metric)),
        rows,
        overall,
        _floor(look.verdict, metric),
    )


def _floor(verdict: Verdict | None, metric: str) -> float | None:
    for outcome in verdict.outcomes if verdict else ():
        rule = outcome.rule
        if rule.metric == metric and "group" in rule.where and rule.floor is not None:
            return rule.floor
    return None


def _group_table(look: Lookup, column: str, points: tuple[OperatingPoint, ...]) -> Table:
    metrics = ("sensitivity", "specificity", *GAPS)
    rows = []
    levels = look.findings.study.levels[column]
    for level in in_order(levels):
        cases, positives = levels[level]
        row = [
            named(level),
            tr(
                "{cases}, {positives} fractured",
                cases=numbers.whole(cases),
                positives=numbers.whole(positives),
            ),
        ]
        for metric in metrics:
            scope = {"group": column, "level": level}
            if metric != "auc_gap" and points:
                scope["operating_point"] = points[0].name
            if metric in GAPS:
                scope["compared"] = "rest"
            row.append(look.cell(metric, **scope))
        rows.append(tuple(row))
    names = (
        tr("Sensitivity"),
        tr("Specificity"),
        tr("Sensitivity gap"),
        tr("Specificity gap"),
        tr("AUC gap"),
    )
    note = tr("A gap is this subgroup minus all other cases. ") + look.methods(*metrics)
    return Table(
        tr("By {column}", column=column),
        (tr("Subgroup"), tr("Cases"), *names),
        tuple(rows),
        note,
        folded=True,
    )
