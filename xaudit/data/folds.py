"""Folds of a cross-validation: whether they are what they are said to be, and whether they leak."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xaudit.core.case import CaseIssue
from xaudit.core.message import Message

FoldDesign = Literal["k_fold", "stratified", "leave_one_site_out"]
_PAIR = 2
_NAMED = 3
_DEVIATIONS = 2.0
"""Within so many standard deviations lie most folds that are made at random."""


@dataclass(frozen=True, slots=True)
class FoldCase:
    """A case and its fold.

    Attributes:
        where: how messages name it ("line 3", "case x").
        case_id: of the case.
        fold: empty where none is said.
        patient: None where one image per patient is declared.
        site: None where the study has none; empty where it is not said.
        label: whether it has a fracture.
    """

    where: str
    case_id: str
    fold: str
    patient: str | None
    site: str | None
    label: bool


def fold_problems(
    cases: Sequence[FoldCase], design: FoldDesign, detectors: Collection[str] | None = None
) -> Iterator[str]:
    """What contradicts the declaration, each with its case.

    Args:
        cases: the audited ones.
        design: how the folds were made.
        detectors: folds that have a detector; None where scores were given elsewhere.
    """
    yield from _place_problems(cases, detectors)
    names = {case.fold for case in cases if case.fold}
    if len(names) < _PAIR:
        yield f"a cross-validation has two folds or more, got {len(names)}"
    if design == "leave_one_site_out":
        yield from _site_problems(cases)
    if design == "stratified":
        for share in _shares(cases):
            if share.off > max(share.permitted, share.chance):
                said = "these folds are not stratified by the label; say folds: k_fold"
                yield f"{share.text}: {said}"


def fold_issues(cases: Sequence[FoldCase], design: FoldDesign) -> Iterator[CaseIssue]:
    """What is noted of folds: patients that training saw, and shares that are off.

    Args:
        cases: the audited ones.
        design: how the folds were made.
    """
    yield from _leaks(cases)
    if design == "stratified":
        for share in _shares(cases):
            if share.off > share.permitted:
                yield CaseIssue("(folds)", "fold_not_stratified", share.text, "noted")


def _place_problems(cases: Sequence[FoldCase], detectors: Collection[str] | None) -> Iterator[str]:
    there = "" if detectors is None else f" with a detector ({', '.join(map(repr, detectors))})"
    for case in cases:
        if not case.fold or (detectors is not None and case.fold not in detectors):
            got = repr(case.fold) if case.fold else "nothing"
            yield f"{case.where}: expected a fold{there}, got {got}"
    taken = {case.fold for case in cases}
    for fold in detectors or ():
        if fold not in taken:
            yield f"fold {fold!r} has a detector and no case"


def _site_problems(cases: Sequence[FoldCase]) -> Iterator[str]:
    """Each fold leaves out one site, and each site is left out once."""
    if all(case.site is None for case in cases):
        yield "leave_one_site_out needs the column of the site (columns.site)"
        return
    pairs = {(case.fold, case.site or ""): case for case in reversed(cases)}
    folds, sites = (Counter(pair[place] for pair in pairs) for place in (0, 1))
    for (fold, site), case in pairs.items():
        if not site:
            yield f"{case.where}: leave_one_site_out needs its site, got nothing"
        elif folds[fold] > 1 or sites[site] > 1:
            yield (
                f"{case.where}: fold {fold!r} and site {site!r}; leave_one_site_out is one site "
                "for each fold, and one fold for each site"
            )


@dataclass(frozen=True, slots=True)
class _Share:
    """How far the fractures of a fold are from their share of the study, in cases."""

    text: str
    off: float
    permitted: float
    chance: float


def _shares(cases: Sequence[FoldCase]) -> Iterator[_Share]:
    """Each fold against the share of fractures of all folds.

    Stratification deals out whole patients, so a fold may be off by the images of one patient
    (one image where each is a patient): with proportional classes, |k - n K / N| ≤ 1. Folds drawn
    at random are off by the deviation of the hypergeometric distribution, wider by the square
    root of that number of images.
    """
    known = [case for case in cases if case.fold]
    total, positives = len(known), sum(case.label for case in known)
    images = Counter(case.patient for case in known if case.patient is not None)
    largest = max(images.values(), default=1)
    sizes = Counter(case.fold for case in known)
    found = Counter(case.fold for case in known if case.label)
    for fold, size in sizes.items() if total > 1 else ():
        share = positives / total
        variance = size * share * (1 - share) * (total - size) / (total - 1)
        text = Message(
            "fold {fold} has {found} fractures in {size} cases, {share:.1f} is its share "
            "and {n} more or fewer is what stratification of whole patients permits",
            fold=repr(fold),
            found=found[fold],
            size=size,
            share=size * share,
            n=largest,
        )
        off = abs(found[fold] - size * share)
        # A case of rounding is none of the data.
        yield _Share(text, off - 1e-9, largest, _DEVIATIONS * math.sqrt(variance * largest))


def _leaks(cases: Sequence[FoldCase]) -> Iterator[CaseIssue]:
    """Patients whose other images a detector was trained on; each named by its cases."""
    homes: dict[str, list[FoldCase]] = defaultdict(list)
    for case in cases:
        if case.patient is not None:
            homes[case.patient].append(case)
    for own in homes.values():
        if len({case.fold for case in own}) < _PAIR:
            continue
        named = ", ".join(f"{case.case_id} in fold {case.fold}" for case in own[:_NAMED])
        detail = Message(
            "one patient has cases in several folds: {places}; training saw this patient",
            places=named,
        )
        yield CaseIssue(own[0].case_id, "patient_in_two_folds", detail, "noted")
