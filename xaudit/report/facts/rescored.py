"""Reproducibility of a run: by how much another one of the same plan may differ."""

from __future__ import annotations

from xaudit.core.record.finding import Findings, Rescored
from xaudit.report.language.translation import later, tr
from xaudit.report.view import numbers

_UNITS = {"logit": later("on the logit"), "probability": later("on the probability")}


def same_again(findings: Findings) -> str:
    """What has to be the same for the same numbers, and how far others may lie."""
    one = findings.rescored
    if one is None:
        return tr("The same plan, data and packages give the same numbers.")
    return tr(
        "The same plan, data, packages, batches and threads give the same numbers on the same "
        "machine. In {ways} other ways of batches and threads the scores of {cases} cases moved "
        "by {largest} {unit} at most; another run may differ by {tolerance}.",
        ways=numbers.whole(len(one.ways)),
        cases=numbers.whole(one.cases),
        largest=numbers.plain(one.largest),
        unit=tr(_UNITS[one.unit]),
        tolerance=numbers.plain(one.tolerance),
    )


def details(findings: Findings) -> tuple[str, ...]:
    """Calls and maps that other batches and threads change."""
    one = findings.rescored
    if one is None:
        return ()
    maps = ", ".join(f"{name} {numbers.plain(moved)}" for name, moved in sorted(one.maps.items()))
    return (
        *(() if _in_doubt(one) else (tr("No case lies that near to an operating point."),)),
        *((tr("Largest difference of two maps of a case, by the largest value of the map: {maps}.",
              maps=maps),) if maps else ()),
    )  # fmt: skip


def warnings(findings: Findings) -> tuple[str, ...]:
    """Cases that another run may call otherwise, for each operating point that has some."""
    one = findings.rescored
    if one is None:
        return ()
    near = tuple(
        tr(
            "{near} of {scored} cases lie within {tolerance} ({unit}) of the operating point "
            "“{point}”: in other batches or threads they may be called otherwise.",
            near=numbers.whole(count),
            scored=numbers.whole(findings.accountability.scored),
            tolerance=numbers.plain(one.tolerance),
            unit=tr(_UNITS[one.unit]),
            point=point,
        )
        for point, count in one.near.items()
        if count
    )
    if not one.flipped:
        return near
    flips = tr(
        "{flipped} of {cases} cases were called otherwise when they were scored again in other "
        "batches or threads.",
        flipped=numbers.whole(one.flipped),
        cases=numbers.whole(one.cases),
    )
    return (*near, flips)


def _in_doubt(rescored: Rescored) -> bool:
    return any(rescored.near.values()) or rescored.flipped > 0
