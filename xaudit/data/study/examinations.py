"""Examinations of a study: images that were taken together, of one patient each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from xaudit.core.case import Case
from xaudit.data.tables.table import capped
from xaudit.errors import DataError


def check_examinations(cases: Sequence[Case]) -> None:
    """Refuse a study whose figures of examinations would be none.

    Raises:
        DataError: no case says to which examination it belongs, some do not, or one examination is
            of several patients.
    """
    without = [case.case_id for case in cases if case.examination is None]
    if len(without) == len(cases):
        raise DataError(
            "data.examinations: no image says to which examination it belongs; name the column of "
            "a manifest with data.columns: {examination: COLUMN}, or leave examinations out"
        )
    patients: dict[str, dict[str, str]] = defaultdict(dict)
    for case in cases:
        if case.examination is not None:
            patients[case.examination].setdefault(case.patient, case.case_id)
    problems = [f"{name}: expected an examination, got nothing" for name in without]
    problems += [
        f"{' and '.join(sorted(of.values())[:2])}: one examination, two patients"
        for of in patients.values()
        if len(of) > 1
    ]
    if problems:
        raise DataError(capped(problems))
