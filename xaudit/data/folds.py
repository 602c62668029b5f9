"""Folds of a cross-validation: whether they are what they are said to be, and whether they leak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xaudit.core.case import CaseIssue
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
        ids = [row.text(spec.id) for row in own]
        places = ", ".join(
            f"{row.text(spec.id)} in fold {row.text(spec.fold)}" for row in own[:_NAMED]
        )
        detail = f"one patient has cases in several folds: {places}; training saw this patient"
        yield CaseIssue(ids[0], "patient_in_two_folds", detail, "noted")


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
