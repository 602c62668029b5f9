"""What a plan fixes of a cross-validation: the fold of each case, and shards of one fold each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xaudit.audit.config import FoldDetectorsConfig
from xaudit.audit.files import sha256_of
from xaudit.core.case import Case, CaseIssue
from xaudit.data.folds import case_fold_problems, case_patients_in_two_folds
from xaudit.data.table import capped
from xaudit.errors import ConfigError


def check_folds(folds: FoldDetectorsConfig | None, cases: Sequence[Case]) -> None:
    """Refuse folds that are not what they are said to be.

    Args:
        folds: as declared; None where there is one detector.
        cases: every case of the study, with its groups.

    Raises:
        ConfigError: every mistake, each with its case.
    """
    if folds is None:
        return
    known = sorted({column for case in cases for column in case.groups})
    if folds.column not in known:
        raise ConfigError(
            f"detector.folds.column: no group {folds.column!r}; there is: {known}. A column that "
            "is no group yet is listed in data.groups"
        )
    fold_of = folds_of_cases(folds, cases)
    problems = list(case_fold_problems(fold_of, cases, [*folds.weights], folds.design))
    if problems:
        raise ConfigError([f"detector.folds: {one}" for one in capped(problems)])


def leaks_of_folds(
    folds: FoldDetectorsConfig | None, cases: Sequence[Case]
) -> tuple[CaseIssue, ...]:
    """Patients with cases in several folds: a detector was trained on some of their images."""
    if folds is None:
        return ()
    return tuple(case_patients_in_two_folds(folds_of_cases(folds, cases), cases))


def folds_of_cases(folds: FoldDetectorsConfig, cases: Sequence[Case]) -> dict[str, str]:
    """Case id → fold; empty where its column is."""
    return {case.case_id: case.groups.get(folds.column, "") for case in cases}


def shards_of(
    ids: Sequence[str], fold_of: Mapping[str, str], size: int
) -> tuple[tuple[str, ...], ...]:
    """Case ids in shards, so that no shard has cases of two folds.

    Args:
        ids: in the order of the study.
        fold_of: case id → fold; empty where there is one detector.
        size: cases in a shard, at most.
    """
    by_fold: dict[str, list[str]] = {}
    for one in ids:
        by_fold.setdefault(fold_of.get(one, ""), []).append(one)
    return tuple(
        tuple(own[start : start + size])
        for own in by_fold.values()
        for start in range(0, len(own), size)
    )


def hash_of_folds(hashes: Mapping[str, str]) -> str:
    """One hash for the weights of all folds, of their names and hashes.

    Args:
        hashes: fold → SHA-256 of its weights.
    """
    return sha256_of(dict(hashes))
