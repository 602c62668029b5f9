"""Shift between the images of sites, and what the detector makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.language.translation import later, told, tr
from xaudit.report.tables import predictions
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_KINDS = (("image_shift", later("images")), ("feature_shift", later("detector features")))
_TITLE = later("Do the images of sites differ?")
_COLUMNS = (
    later("Site"),
    later("Compared by"),
    later("Told from all others (AUC)"),
    later("Were patients dealt out again"),
    later("p of the AUC"),
    later("p of the distance (MMD)"),
    later("Shown to differ in"),
)
_NOTE = later(
    "A linear classifier is trained to tell the cases of a site from those of "
    "all others, by eleven statistics of the image (gray levels, sharpness, "
    "noise, size) or by what the detector's last layer reads; its AUC is taken "
    "on patients that it has not seen, 0.5 is not at all. p: how often it is "
    "as large, or the maximum mean discrepancy, where patients are dealt out "
    "to sites again, those with and without a fracture apart, so that more "
    "fractures alone are no difference; Holm over sites. Differences of images "
    "are in standard deviations and hold all at once (Bonferroni). A "
    "difference does not say that the detector is worse there, and a site that "
    "is not shown to differ is not shown to be alike. "
)


def site_shift(look: Lookup) -> Iterator[Table]:
    """A row for each site and what it is compared by; the reason where there is none."""
    column = look.findings.study.site_column
    if column is None:
        return
    if predictions.alone(look.findings):
        yield Table(tr(_TITLE), _heads()[:2], ((tr("All sites"), tr(predictions.WHY)),))
        return
    found = [*_reasons(look, column), *_sites(look, column)]
    rows = [row for _, row in found]
    if rows:
        note = tr(_NOTE) + look.methods("image_shift_auc", "feature_shift_auc")
        links = tuple(link for link, _ in found)
        title = f"{tr(_TITLE)} ({column})"
        yield Table(title, _heads(), tuple(rows), note, folded=True, links=links)


def _heads() -> tuple[str, ...]:
    return tuple(map(tr, _COLUMNS))


def _reasons(look: Lookup, column: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Why there is nothing to compare, where that is so for all sites together."""
    for name, title in _KINDS:
        whole = look.get(f"{name}_auc", group=column, compared="rest")
        if whole is not None:
            why = f"{numbers.NONE} ({told(whole.estimate.undefined or '')})"
            yield _link(whole), (tr("All sites"), tr(title), why, *("",) * 4)


def _sites(look: Lookup, column: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for site in in_order(look.findings.study.levels.get(column, {})):
        for name, title in _KINDS:
            scope = {"group": column, "level": site, "compared": "rest"}
            there = look.get(f"{name}_auc", **scope)
            if there is not None:
                yield _link(there), (named(site), tr(title), *_cells(look, name, scope))


def _cells(look: Lookup, name: str, scope: dict[str, str]) -> Iterator[str]:
    yield look.cell(f"{name}_auc", **scope)
    chance = look.estimate(f"{name}_auc_chance", **scope)
    yield numbers.estimate(chance, "number")
    yield _p_value(look.estimate(f"{name}_auc_p", **scope))
    yield _p_value(look.estimate(f"{name}_mmd_p", **scope))
    yield _differing(look, scope) if name == "image_shift" else ""


def _differing(look: Lookup, scope: dict[str, str]) -> str:
    """The statistics whose intervals leave 0 out, the largest first."""
    found = [
        finding
        for finding in look.findings.findings
        if finding.metric.startswith("image_")
        and finding.metric.endswith("_difference")
        and dict(finding.scope) == {**scope, "analysis": "scored"}
    ]
    shown = sorted(filter(_beyond, found), key=lambda one: -abs(one.estimate.value or 0.0))
    if not shown:
        known = any(one.estimate.value is not None for one in found)
        return tr("none is shown to") if known else numbers.NONE
    return "; ".join(
        f"{finding.metric.removeprefix('image_').removesuffix('_difference').replace('_', ' ')} "
        f"{numbers.estimate(finding.estimate, 'number', signed=True)}"
        for finding in shown
    )


def _beyond(finding: Finding) -> bool:
    low, high = finding.estimate.low, finding.estimate.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _p_value(estimate: Estimate) -> str:
    if estimate.value is None:
        return numbers.NONE
    return (
        f"< {numbers.written('0.001')}"
        if estimate.value < 0.001
        else numbers.fixed(estimate.value, 3)
    )


def _link(found: Finding) -> str:
    return f"#finding={quote(found.id, safe='')}"
