"""Folds of a cross-validation: whether they are what they are said to be, and whether they leak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xaudit.core.case import Case, CaseIssue
from xaudit.data.table import Row

FoldDesign = Literal["k_fold", "stratified", "leave_one_site_out"]
_PAIR = 2
_NAMED = 3


@dataclass(frozen=True, slots=True)
class FoldSpec:
    """Which columns say what of the folds.

    Attributes:
        id: column of the case.
        fold: column of the fold.
        design: how the folds were made.
        patient: column of the patient; None declares one image per patient.
        site: column of the site; None where there is none.
    """

    id: str
    fold: str
    design: FoldDesign
    patient: str | None = None
    site: str | None = None


def fold_problems(spec: FoldSpec, rows: Sequence[Row]) -> Iterator[str]:
    """What contradicts the declaration, each with its row.

    Args:
        spec: columns and design.
        rows: the audited rows.
    """
    for row in rows:
        if not row.text(spec.fold):
            yield f"{row.where}, column {spec.fold!r}: expected a fold, got nothing"
    names = {row.text(spec.fold) for row in rows}
    if len(names) < _PAIR:
        yield f"column {spec.fold!r}: a cross-validation has two folds or more, got {len(names)}"
    if spec.design == "leave_one_site_out":
        yield from _site_problems(spec.fold, spec.site, rows)


def patients_in_two_folds(spec: FoldSpec, rows: Sequence[Row]) -> Iterator[CaseIssue]:
    """Patients whose other images a detector was trained on; each named by its cases.

    Args:
        spec: columns and design.
        rows: the audited rows.
    """
    if spec.patient is None:
        return
    homes: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        homes[row.text(spec.patient)].append(row)
    for own in homes.values():
        if len({row.text(spec.fold) for row in own}) < _PAIR:
            continue
        yield _leak([(row.text(spec.id), row.text(spec.fold)) for row in own])


def case_fold_problems(
    fold_of: Mapping[str, str], cases: Sequence[Case], folds: Collection[str], design: FoldDesign
) -> Iterator[str]:
    """What contradicts the declaration of a detector for each fold, each with its case.

    Args:
        fold_of: case id → fold; empty where the study says none.
        cases: of the study.
        folds: that have a detector.
        design: how the folds were made.
    """
    for case in cases:
        fold = fold_of[case.case_id]
        if fold not in folds:
            there = ", ".join(map(repr, folds))
            got = repr(fold) if fold else "nothing"
            yield f"case {case.case_id}: expected a fold with a detector ({there}), got {got}"
    for fold in folds:
        if fold not in fold_of.values():
            yield f"fold {fold!r} has a detector and no case"
    if design == "leave_one_site_out":
        yield from _case_site_problems(fold_of, cases)


def case_patients_in_two_folds(
    fold_of: Mapping[str, str], cases: Sequence[Case]
) -> Iterator[CaseIssue]:
    """Patients of whom a detector was trained on other images; each named by its cases.

    Args:
        fold_of: case id → fold.
        cases: of the study.
    """
    homes: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        homes[case.patient].append(case)
    for own in homes.values():
        places = [(case.case_id, fold_of[case.case_id]) for case in own]
        if len({fold for _, fold in places}) >= _PAIR:
            yield _leak(places)


def _case_site_problems(fold_of: Mapping[str, str], cases: Sequence[Case]) -> Iterator[str]:
    pairs = {(fold_of[case.case_id], case.site or ""): case for case in cases}
    folds: dict[str, set[str]] = defaultdict(set)
    sites: dict[str, set[str]] = defaultdict(set)
    for fold, site in pairs:
        folds[fold].add(site)
        sites[site].add(fold)
    for (fold, site), case in pairs.items():
        if not site:
            yield f"case {case.case_id}: leave_one_site_out needs its site, got nothing"
        elif len(folds[fold]) > 1 or len(sites[site]) > 1:
            yield (
                f"case {case.case_id}: fold {fold!r} and site {site!r}; leave_one_site_out is one "
                "site for each fold, and one fold for each site"
            )


def _leak(places: Sequence[tuple[str, str]]) -> CaseIssue:
    named = ", ".join(f"{case} in fold {fold}" for case, fold in places[:_NAMED])
    detail = f"one patient has cases in several folds: {named}; training saw this patient"
    return CaseIssue(places[0][0], "patient_in_two_folds", detail, "noted")


def _site_problems(fold: str, site: str | None, rows: Sequence[Row]) -> Iterator[str]:
    """Each fold leaves out one site, and each site is left out once."""
    if site is None:
        yield "columns.site: leave_one_site_out needs the column of the site"
        return
    for one, other in ((fold, site), (site, fold)):
        first: dict[str, str] = {}
        for row in rows:
            name, value = row.text(one), row.text(other)
            if first.setdefault(name, value) != value:
                yield (
                    f"{row.where}, column {other!r}: {value!r}, but {one} {name!r} has "
                    f"{first[name]!r} before; leave_one_site_out is one site for each fold"
                )
                break
