"""Patients of whom a study says two things that cannot both be true: they are not one person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from xaudit.core.case import NOT_RECORDED, CaseIssue
from xaudit.core.message import Message
from xaudit.data.tables.levels import UNKNOWN

_OF_A_PERSON = {"sex", "gender", "patient_sex", "patientsex", "patient sex"}
_SHOWN = 3
_NOTHING = {"", NOT_RECORDED, UNKNOWN}


class OfPatient(Protocol):
    """A case with what is recorded of it."""

    @property
    def case_id(self) -> str:
        """Its name."""

    @property
    def patient(self) -> str:
        """Whose it is."""

    @property
    def groups(self) -> Mapping[str, str]:
        """Column → level."""


def speaks_of_a_person(column: str) -> bool:
    """Whether a person has one value of a column: a sex."""
    return column.strip().casefold() in _OF_A_PERSON


def patient_contradicts(
    place: str, cases: Iterable[OfPatient], patients: int | None = None
) -> Iterator[CaseIssue]:
    """Patients with several sexes: one issue for each such column, naming them by their cases.

    Mostly one text stands for many people ("0", "test"), or ids of two hospitals coincide.

    Args:
        place: that stands for the whole study, "(study)" or "(table)".
        cases: of the study; those of patients of whom it says one thing may be left out.
        patients: of the study, where cases are left out.
    """
    cases = tuple(cases)
    columns = dict.fromkeys(name for case in cases for name in case.groups)
    for column in columns:
        if speaks_of_a_person(column):
            yield from _contradicting(place, column, cases, patients)


def _contradicting(
    place: str, column: str, cases: Iterable[OfPatient], patients: int | None
) -> Iterator[CaseIssue]:
    said: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, str] = {}
    for case in cases:
        level = case.groups.get(column, "")
        first.setdefault(case.patient, case.case_id)
        if level not in _NOTHING:
            said[case.patient][level] += 1
    several = [one for one, levels in said.items() if len({text.casefold() for text in levels}) > 1]
    if several:
        shown = [_counted(first[one], said[one]) for one in several[:_SHOWN]]
        more = ["..."] if len(several) > _SHOWN else []
        detail = Message(
            "column {column}: of {patients} patients, {several} have several values, so they are "
            "not one person each: that of case {cases}",
            column=repr(column),
            patients=patients or len(first),
            several=len(several),
            cases="; ".join([*shown, *more]),
        )
        yield CaseIssue(place, "patient_contradicts", detail, "noted")


def _counted(case: str, levels: Counter[str]) -> str:
    return f"{case} ({', '.join(f'{count} × {level!r}' for level, count in levels.items())})"
