"""Sites: what each contributes, and how bad the worst is."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.report.language.translation import tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_METRICS = ("sensitivity", "specificity", "auc")


def by_site(look: Lookup) -> Iterator[Table]:
    """One row for each site, and one for the worst, whichever it is."""
    column, points = look.findings.study.site_column, look.findings.detector.operating_points
    if column is None or not points:
        return
    point = points[0].name
    sites = [
        site
        for site in in_order(look.findings.study.levels.get(column, {}))
        if look.get("auc_without_site", group=column, level=site, compared="without")
    ]
    if not sites:
        return
    rows = [(named(site), *_cells(look, column, site, point)) for site in sites]
    worst = [
        look.cell(f"{metric}_worst_site", group=column, **_at(metric, point)) for metric in _METRICS
    ]
    rows.append((tr("The worst site, whichever it is"), "", "", *worst))
    left_out = (
        tr("{name}, all sites but this", name=name)
        for name in (tr("Sensitivity"), tr("Specificity"), "AUC")
    )
    names = (tr("Site"), tr("Fractured"), tr("PPV that follows"), *left_out)
    note = tr(
        "Fractured: p of Fisher's exact test over patients, site against all "
        "others, Holm over sites. The PPV that follows is that of the sensitivity "
        "and specificity of all sites at the prevalence of this one. The last row: "
        "limits that hold for all sites at once (Bonferroni), so whichever site is "
        "worst in truth is no worse than the lower one. "
    )
    note += look.methods(*(f"{metric}_without_site" for metric in _METRICS))
    yield Table(
        tr("Each site left out, at “{point}” ({column})", point=point, column=column),
        names,
        tuple(rows),
        note,
        folded=True,
    )


def _cells(look: Lookup, column: str, site: str, point: str) -> Iterator[str]:
    share = look.cell("prevalence", group=column, level=site)
    p = look.estimate("prevalence_shift_p", group=column, level=site).value
    yield share if p is None else f"{share}, {_p_value(p)}"
    yield numbers.estimate(
        look.estimate("ppv_at_site_prevalence", group=column, level=site, operating_point=point)
    )
    for metric in _METRICS:
        scope = {"group": column, "level": site, "compared": "without", **_at(metric, point)}
        yield look.cell(f"{metric}_without_site", **scope)


def _at(metric: str, point: str) -> dict[str, str]:
    return {} if metric == "auc" else {"operating_point": point}


def _p_value(p: float) -> str:
    return f"p < {numbers.written('0.001')}" if p < 0.001 else f"p = {numbers.plain(p)}"
