"""Claims of the maker of a device, beside what the study holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf

from xaudit.audit.claims.ages import Range, gaps, in_words, years
from xaudit.core.case import NOT_RECORDED
from xaudit.core.message import Message, listed
from xaudit.core.record.finding import DetectorFacts, Findings, StudyFacts
from xaudit.core.record.statements import Ages, Agreement, ClaimCheck, Claims, Statements
from xaudit.data.tables.levels import UNKNOWN

_SHOWN = 8
_OLDEST = 100.0
_BLANK = {UNKNOWN, NOT_RECORDED, ""}

Levels = Mapping[str, tuple[int, int]]


def stated(findings: Findings, statements: Statements) -> Findings:
    """The findings with what the maker states, each claim checked against them."""
    checks = (
        *_released(statements.claims, findings.detector),
        *_ages(statements.claims.ages, findings.study),
        *_groups(statements.claims, findings.study, findings.minimum[0]),
        *_sites(statements.claims.sites, findings.study),
    )
    return replace(findings, statements=statements, claims=checks)


def _released(claims: Claims, detector: DetectorFacts) -> Iterator[ClaimCheck]:
    pairs = (
        ("Version that is released: {version}", claims.version, detector.version),
        (
            "SHA-256 of the weights that is released: {version}",
            claims.weights_sha256,
            detector.weights_sha256,
        ),
    )
    for said, released, tested in pairs:
        if released is None:
            continue
        claim = Message(said, version=released)
        if tested is None:
            why = _unknown(detector)
            yield ClaimCheck("released_version", claim, "unclear", why)
        elif tested == released:
            yield ClaimCheck("released_version", claim, "agrees", Message("It is what was tested."))
        else:
            why = Message(
                "Tested was {tested}: the figures of this card are about another detector.",
                tested=tested,
            )
            yield ClaimCheck("released_version", claim, "contradicted", why)


def _unknown(detector: DetectorFacts) -> str:
    if detector.format == "predictions":
        return Message("Only predictions were audited: which weights made them is not known.")
    return Message("No file identifies the detector that was audited: its weights are not known.")


def _ages(claimed: Ages | None, study: StudyFacts) -> Iterator[ClaimCheck]:
    if claimed is None:
        return
    wanted = (claimed.low or 0.0, inf if claimed.below is None else claimed.below)
    claim = Message("Meant for ages: {ages}", ages=in_words(wanted))
    if wanted == (0.0, inf):
        claim = Message("Meant for ages: every age")
    levels = study.levels.get(claimed.column)
    if levels is None:
        yield _not_recorded("intended_use", claim, claimed.column, study)
        return
    ranges = {level: years(level) for level in levels}
    known = {level: one for level, one in ranges.items() if one is not None}
    found = [
        *_outside(claim, wanted, known, levels),
        *_not_covered(claim, wanted, known),
        *_on_the_border(claim, wanted, known, [name for name in levels if name not in known]),
    ]
    agrees = ClaimCheck(
        "intended_use", claim, "agrees", Message("Every age band of the study lies within.")
    )
    yield from found or [agrees]


def _outside(
    claim: str, wanted: Range, known: Mapping[str, Range], levels: Levels
) -> Iterator[ClaimCheck]:
    out = [level for level, (low, high) in known.items() if high <= wanted[0] or low >= wanted[1]]
    if out:
        why = Message(
            "The study has {people}: its figures are also about them.", people=_people(out, levels)
        )
        yield ClaimCheck("intended_use", claim, "contradicted", why)


def _not_covered(claim: str, wanted: Range, known: Mapping[str, Range]) -> Iterator[ClaimCheck]:
    missing = gaps(wanted, known.values())
    # Nobody reaches an age that a band has to cover.
    missing = [one for one in missing if one[0] < _OLDEST]
    if missing:
        why = Message(
            "No case of the study is {ages} years old.",
            ages=_listed([in_words(one) for one in missing]),
        )
        yield ClaimCheck("intended_use", claim, "untested", why)


def _on_the_border(
    claim: str, wanted: Range, known: Mapping[str, Range], unknown: list[str]
) -> Iterator[ClaimCheck]:
    across = [
        level
        for level, (low, high) in known.items()
        if low < wanted[0] < high or low < wanted[1] < high
    ]
    if across:
        why = Message(
            "Bands that cross its border: {bands}. Who is within cannot be told.",
            bands=_listed(across),
        )
        yield ClaimCheck("intended_use", claim, "unclear", why)
    if unknown:
        why = Message("Levels that name no age: {levels}.", levels=_listed(unknown))
        yield ClaimCheck("intended_use", claim, "unclear", why)


def _groups(claims: Claims, study: StudyFacts, few: int) -> Iterator[ClaimCheck]:
    for column, claimed in claims.groups.items():
        claim = Message("Meant for {column}: {levels}", column=column, levels=", ".join(claimed))
        levels = study.levels.get(column)
        if levels is None:
            yield _not_recorded("inputs", claim, column, study)
            continue
        found = [*_levels(claim, column, claimed, levels), *_thin(claim, claimed, levels, few)]
        agrees = ClaimCheck(
            "inputs", claim, "agrees", Message("Each was tested, and nothing else.")
        )
        yield from found or [agrees]


def _levels(
    claim: str, column: str, claimed: tuple[str, ...], levels: Levels
) -> Iterator[ClaimCheck]:
    absent = [level for level in claimed if level not in levels]
    if absent:
        why = Message(
            "The study has no case of {column} {absent}; it has {levels}.",
            column=column,
            absent=_listed(absent),
            levels=_listed([*levels]),
        )
        yield ClaimCheck("inputs", claim, "untested", why)
    others = [level for level in levels if level not in claimed]
    blank = [level for level in others if level in _BLANK]
    if blank:
        why = Message("Not known of {people}.", people=_people(blank, levels))
        yield ClaimCheck("inputs", claim, "unclear", why)
    out = [level for level in others if level not in _BLANK]
    if out:
        why = Message(
            "The study has {people}: its figures are also about them.", people=_people(out, levels)
        )
        yield ClaimCheck("inputs", claim, "contradicted", why)


def _thin(claim: str, claimed: tuple[str, ...], levels: Levels, few: int) -> Iterator[ClaimCheck]:
    thin = [level for level in claimed if level in levels and levels[level][1] < few]
    if thin:
        counts = [f"{level} ({levels[level][1]})" for level in thin]
        why = Message(
            "Fewer than {few} fractures, so no rate is given: {counts}.",
            few=few,
            counts=_listed(counts),
        )
        yield ClaimCheck("inputs", claim, "few", why)


def _sites(claimed: int | None, study: StudyFacts) -> Iterator[ClaimCheck]:
    if claimed is None:
        return
    claim = Message("Tested at {n} sites", n=claimed)
    if study.sites is None:
        why = Message("The study has no site column: at how many sites it was made is not known.")
        yield ClaimCheck("sites", claim, "unclear", why)
    else:
        agreement: Agreement = "agrees" if study.sites >= claimed else "contradicted"
        yield ClaimCheck("sites", claim, agreement, Message("The study has {n}.", n=study.sites))


def _not_recorded(element: str, claim: str, column: str, study: StudyFacts) -> ClaimCheck:
    columns = _listed([*study.levels]) if study.levels else Message("none")
    why = Message(
        "The study has no column “{column}”, so this is not tested; its columns: {columns}.",
        column=column,
        columns=columns,
    )
    return ClaimCheck(element, claim, "unclear", why)


def _people(names: list[str], levels: Levels) -> str:
    return listed([_of_level(levels[name][0], name) for name in names], _SHOWN)


def _of_level(n: int, level: str) -> Message:
    if n == 1:
        return Message("1 case of “{level}”", level=level)
    return Message("{n} cases of “{level}”", n=n, level=level)


def _listed(names: Sequence[str]) -> Message:
    return listed(names, _SHOWN)
