"""Folds of a plan: the fold of each case, and shards of one fold each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xaudit.audit.config.detector_config import FoldDetectorsConfig
from xaudit.audit.store.files import sha256_of
from xaudit.core.case import NOT_RECORDED, Case, CaseIssue
from xaudit.data.folds import FoldCase, fold_issues, fold_problems
from xaudit.data.tables.table import capped
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
    problems = list(fold_problems(_fold_cases(folds, cases), folds.design, [*folds.weights]))
    if problems:
        raise ConfigError([f"detector.folds: {one}" for one in capped(problems)])


def issues_of_folds(
    folds: FoldDetectorsConfig | None, cases: Sequence[Case]
) -> tuple[CaseIssue, ...]:
    """Patients of whom a detector was trained on other images, and folds that are not alike."""
    if folds is None:
        return ()
    return tuple(fold_issues(_fold_cases(folds, cases), folds.design))


def _fold_cases(folds: FoldDetectorsConfig, cases: Sequence[Case]) -> list[FoldCase]:
    fold_of = folds_of_cases(folds, cases)
    return [
        FoldCase(
            where=f"case {case.case_id}",
            case_id=case.case_id,
            fold=fold_of[case.case_id],
            patient=case.patient,
            site=case.site,
            label=case.label,
        )
        for case in cases
    ]


def folds_of_cases(folds: FoldDetectorsConfig, cases: Sequence[Case]) -> dict[str, str]:
    """Case id → fold; empty where its column is."""
    said = {case.case_id: case.groups.get(folds.column, NOT_RECORDED) for case in cases}
    return {one: "" if fold == NOT_RECORDED else fold for one, fold in said.items()}


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
    for identifier in ids:
        by_fold.setdefault(fold_of.get(identifier, ""), []).append(identifier)
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
