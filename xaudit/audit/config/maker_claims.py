"""What the maker of a device claims, beside what the study holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf

from xaudit.audit.config.ages import Range, gaps, in_words, years
from xaudit.core.case import NOT_RECORDED
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
        ("Version", claims.version, detector.version),
        ("SHA-256 of the weights", claims.weights_sha256, detector.weights_sha256),
    )
    for name, released, tested in pairs:
        if released is None:
            continue
        claim = f"{name} that is released: {released}"
        if tested is None:
            why = _unknown(detector)
            yield ClaimCheck("released_version", claim, "unclear", why)
        elif tested == released:
            yield ClaimCheck("released_version", claim, "agrees", "It is what was tested.")
        else:
            why = f"Tested was {tested}: the figures of this card are about another detector."
            yield ClaimCheck("released_version", claim, "contradicted", why)


def _unknown(detector: DetectorFacts) -> str:
    if detector.format == "predictions":
        return "Only predictions were audited: which weights made them is not known."
    return "No file identifies the detector that was audited: its weights are not known."


def _ages(claimed: Ages | None, study: StudyFacts) -> Iterator[ClaimCheck]:
    if claimed is None:
        return
    wanted = (claimed.low or 0.0, inf if claimed.below is None else claimed.below)
    claim = f"Meant for ages: {in_words(wanted)}"
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
    agrees = ClaimCheck("intended_use", claim, "agrees", "Every age band of the study lies within.")
    yield from found or [agrees]


def _outside(
    claim: str, wanted: Range, known: Mapping[str, Range], levels: Levels
) -> Iterator[ClaimCheck]:
    out = [level for level, (low, high) in known.items() if high <= wanted[0] or low >= wanted[1]]
    if out:
        why = f"The study has {_people(out, levels)}: its figures are also about them."
        yield ClaimCheck("intended_use", claim, "contradicted", why)


def _not_covered(claim: str, wanted: Range, known: Mapping[str, Range]) -> Iterator[ClaimCheck]:
    missing = gaps(wanted, known.values())
    # Nobody reaches an age that a band has to cover.
    missing = [one for one in missing if one[0] < _OLDEST]
    if missing:
        why = f"No case of the study is {_listed([in_words(one) for one in missing])} years old."
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
        why = f"Bands that cross its border: {_listed(across)}. Who is within cannot be told."
        yield ClaimCheck("intended_use", claim, "unclear", why)
    if unknown:
        why = f"Levels that name no age: {_listed(unknown)}."
        yield ClaimCheck("intended_use", claim, "unclear", why)


def _groups(claims: Claims, study: StudyFacts, few: int) -> Iterator[ClaimCheck]:
    for column, claimed in claims.groups.items():
        claim = f"Meant for {column}: {', '.join(claimed)}"
        levels = study.levels.get(column)
        if levels is None:
            yield _not_recorded("inputs", claim, column, study)
            continue
        found = [*_levels(claim, column, claimed, levels), *_thin(claim, claimed, levels, few)]
        agrees = ClaimCheck("inputs", claim, "agrees", "Each was tested, and nothing else.")
        yield from found or [agrees]


def _levels(
    claim: str, column: str, claimed: tuple[str, ...], levels: Levels
) -> Iterator[ClaimCheck]:
    absent = [level for level in claimed if level not in levels]
    if absent:
        why = f"The study has no case of {column} {_listed(absent)}; it has {_listed([*levels])}."
        yield ClaimCheck("inputs", claim, "untested", why)
    others = [level for level in levels if level not in claimed]
    blank = [level for level in others if level in _BLANK]
    if blank:
        why = f"Not known of {_people(blank, levels)}."
        yield ClaimCheck("inputs", claim, "unclear", why)
    out = [level for level in others if level not in _BLANK]
    if out:
        why = f"The study has {_people(out, levels)}: its figures are also about them."
        yield ClaimCheck("inputs", claim, "contradicted", why)


def _thin(claim: str, claimed: tuple[str, ...], levels: Levels, few: int) -> Iterator[ClaimCheck]:
    thin = [level for level in claimed if level in levels and levels[level][1] < few]
    if thin:
        counts = [f"{level} ({levels[level][1]})" for level in thin]
        why = f"Fewer than {few} fractures, so no rate is given: {_listed(counts)}."
        yield ClaimCheck("inputs", claim, "few", why)


def _sites(claimed: int | None, study: StudyFacts) -> Iterator[ClaimCheck]:
    if claimed is None:
        return
    claim = f"Tested at {claimed} sites"
    if study.sites is None:
        why = "The study has no site column: at how many sites it was made is not known."
        yield ClaimCheck("sites", claim, "unclear", why)
    else:
        agreement: Agreement = "agrees" if study.sites >= claimed else "contradicted"
        yield ClaimCheck("sites", claim, agreement, f"The study has {study.sites}.")


def _not_recorded(element: str, claim: str, column: str, study: StudyFacts) -> ClaimCheck:
    columns = _listed([*study.levels]) or "none"
    why = f"The study has no column “{column}”, so this is not tested; its columns: {columns}."
    return ClaimCheck(element, claim, "unclear", why)


def _people(names: list[str], levels: Levels) -> str:
    return _listed([f"{levels[name][0]} cases of “{name}”" for name in names])


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
