"""Whether the images of sites differ, and what the detector makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.report import numbers, predictions
from xaudit.report.lookup import Lookup
from xaudit.report.order import in_order
from xaudit.report.view import Table

_KINDS = (("image_shift", "images"), ("feature_shift", "detector features"))
_TITLE = "Do the images of sites differ?"
_COLUMNS = ("Site", "Compared by", "Told from all others (AUC)", "Were patients dealt out again",
            "p of the AUC", "p of the distance (MMD)", "Shown to differ in")  # fmt: skip
_NOTE = (
    "A linear classifier is trained to tell the cases of a site from those of all others, by "
    "eleven statistics of the image (gray levels, sharpness, noise, size) or by what the "
    "detector's last layer reads; its AUC is taken on patients that it has not seen, 0.5 is not at "
    "all. p: how often it is as large, or the maximum mean discrepancy, where patients are dealt "
    "out to sites again, those with and without a fracture apart, so that more fractures alone are "
    "no difference; Holm over sites. Differences of images are in standard deviations and hold all "
    "at once (Bonferroni). A difference does not say that the detector is worse there, and a site "
    "that is not shown to differ is not shown to be alike. "
)


def site_shift(look: Lookup) -> Iterator[Table]:
    """A row for each site and what it is compared by; the reason where there is none."""
    column = look.findings.study.site_column
    if column is None:
        return
    if predictions.alone(look.findings):
        yield Table(_TITLE, _COLUMNS[:2], (("All sites", predictions.WHY),))
        return
    rows = [*_reasons(look, column), *_sites(look, column)]
    if rows:
        note = _NOTE + look.methods("image_shift_auc", "feature_shift_auc")
        links = tuple(_link(look, column, row) for row in rows)
        yield Table(f"{_TITLE} ({column})", _COLUMNS, tuple(rows), note, folded=True, links=links)


def _reasons(look: Lookup, column: str) -> Iterator[tuple[str, ...]]:
    """Why there is nothing to compare, where that is so for all sites together."""
    for name, title in _KINDS:
        whole = look.get(f"{name}_auc", group=column, compared="rest")
        if whole is not None:
            why = f"{numbers.NONE} ({whole.estimate.undefined})"
            yield ("All sites", title, why, *("",) * 4)


def _sites(look: Lookup, column: str) -> Iterator[tuple[str, ...]]:
    for site in in_order(look.findings.study.levels.get(column, {})):
        for name, title in _KINDS:
            scope = {"group": column, "level": site, "compared": "rest"}
            if look.get(f"{name}_auc", **scope) is not None:
                yield (site, title, *_cells(look, name, scope))


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
        one
        for one in look.findings.findings
        if one.metric.startswith("image_")
        and one.metric.endswith("_difference")
        and dict(one.scope) == {**scope, "analysis": "scored"}
    ]
    shown = sorted(filter(_beyond, found), key=lambda one: -abs(one.estimate.value or 0.0))
    if not shown:
        known = any(one.estimate.value is not None for one in found)
        return "none is shown to" if known else numbers.NONE
    return "; ".join(
        f"{one.metric.removeprefix('image_').removesuffix('_difference').replace('_', ' ')} "
        f"{numbers.estimate(one.estimate, 'number', signed=True)}"
        for one in shown
    )


def _beyond(one: Finding) -> bool:
    low, high = one.estimate.low, one.estimate.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _p_value(one: Estimate) -> str:
    if one.value is None:
        return numbers.NONE
    return "< 0.001" if one.value < 0.001 else numbers.fixed(one.value, 3)


def _link(look: Lookup, column: str, row: tuple[str, ...]) -> str:
    name = next(name for name, title in _KINDS if title == row[1])
    scope = {"group": column, "compared": "rest"}
    found = look.get(f"{name}_auc", **scope) or look.get(f"{name}_auc", **scope, level=row[0])
    return f"#finding={quote(found.id, safe='')}" if found else ""
