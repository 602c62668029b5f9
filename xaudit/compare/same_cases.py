"""Two audits of the same cases, case by case; refused where they are not the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.files import read_whole
from xaudit.audit.store.record import PlanRecord, read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, Store
from xaudit.core.case import BoolArray
from xaudit.core.message import Message, one_after_another
from xaudit.core.record.finding import Findings
from xaudit.errors import ConfigError
from xaudit.stats.weights import IntArray, numbered

_SHOWN = 3


@dataclass(frozen=True)
class SavedAudit:
    """A finished audit as it lies on disk, down to the scores of its cases."""

    folder: Path
    record: PlanRecord
    findings: Findings
    results: Results

    @classmethod
    def read(cls, folder: Path) -> SavedAudit:
        """Read an audit.

        Raises:
            ConfigError: the audit is not finished.
            AuditError: a shard is missing or damaged.
        """
        findings = read_whole(folder)
        record = read_record(folder)
        return cls(folder, record, findings, Results.load(Store(folder), record))

    @property
    def limited(self) -> bool:
        """Whether it holds a part of its study, sampled before any image was read."""
        interim = self.findings.interim
        return self.record.limit is not None or (interim is not None and interim.stopped)


@dataclass(frozen=True)
class SameCases:
    """The cases of one audit, with the scores of it and of another.

    Attributes:
        new: the audit that is judged; its order of cases is kept.
        old: the baseline.
    """

    new: SavedAudit
    old: SavedAudit

    @classmethod
    def of(cls, new: SavedAudit, old: SavedAudit) -> SameCases:
        """Match by id.

        The baseline may have more cases only where this audit was limited to a sample, taken
        before any image was read.

        Raises:
            ConfigError: cases, labels, patients or the content of the studies differ.
        """
        mine, theirs = new.results.by_id, old.results.by_id
        where = f"{old.folder}: cannot be the baseline of {new.folder}"
        _refuse_other_ids(where, mine, theirs, limited=new.limited)
        _refuse_other_facts(where, mine, theirs)
        _refuse_other_files(where, new.record, old.record)
        return cls(new, old)

    @property
    def note(self) -> str:
        """What could not be compared; empty for nothing."""
        sides = self.new.record, self.old.record
        notes = []
        if any("study" not in side.files for side in sides):
            notes.append(Message("images were not compared: a table of predictions names none"))
        if sides[0].key != sides[1].key:
            notes.append(
                Message(
                    "patients have codes of two keys: compared was which cases are of one patient"
                )
            )
        return one_after_another(notes, "; ")

    @cached_property
    def rows(self) -> Sequence[CaseRow]:
        """Cases of the judged audit."""
        return self.new.results.cases

    @cached_property
    def patients(self) -> IntArray:
        """(N,) patients, numbered."""
        return numbered([row.patient for row in self.rows])[1]

    @cached_property
    def labels(self) -> BoolArray:
        """(N,) labels."""
        return np.array([row.label for row in self.rows], dtype=bool)

    @cached_property
    def scores(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(N,) logits of either audit, NaN without one."""
        there = [self.old.results.by_id[row.case_id] for row in self.rows]
        return _logits(self.rows), _logits(there)

    @cached_property
    def worst_scores(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(N,) logits of either audit, the worst case for the new one where one is lost.

        A case without a score is wrong here. In the baseline it is right if the new detector has
        a score for it, so that a poor run of the baseline never helps; lost in both, it is wrong
        in both.
        """
        new, old = (side.copy() for side in self.scores)
        wrong = np.where(self.labels, -np.inf, np.inf)
        lost_new, lost_old = np.isnan(new), np.isnan(old)
        new[lost_new] = wrong[lost_new]
        old[lost_old] = np.where(lost_new, wrong, -wrong)[lost_old]
        return new, old


def _logits(rows: Sequence[CaseRow]) -> npt.NDArray[np.float64]:
    return np.array([row.logit for row in rows], dtype=np.float64)


def _refuse_other_ids(
    where: str, mine: Mapping[str, CaseRow], theirs: Mapping[str, CaseRow], *, limited: bool
) -> None:
    absent = [one for one in mine if one not in theirs]
    if absent:
        raise ConfigError(
            f"{where}: it lacks {_named(absent)} of {len(mine)}; a baseline is an audit of the "
            "same cases: run it with the same study, split and limit"
        )
    more = [other for other in theirs if other not in mine]
    if more and not limited:
        raise ConfigError(
            f"{where}: it has {_named(more)} that this audit has not; run both with the same "
            "study, split and limit"
        )


def _refuse_other_facts(
    where: str, mine: Mapping[str, CaseRow], theirs: Mapping[str, CaseRow]
) -> None:
    labels = [one for one, row in mine.items() if row.label != theirs[one].label]
    if labels:
        raise ConfigError(
            f"{where}: the labels of {_named(labels)} differ; one of the two reference "
            "standards was changed, so audit both detectors on the same one"
        )
    pairs = {(row.patient, theirs[one].patient) for one, row in mine.items()}
    names = [{one for one, _ in pairs}, {other for _, other in pairs}]
    if any(len(some) != len(pairs) for some in names):
        raise ConfigError(
            f"{where}: the cases are the same, but not which of them are of one patient; declare "
            "the same patient column in both audits"
        )


def _refuse_other_files(where: str, new: PlanRecord, old: PlanRecord) -> None:
    hashes = [side.files.get("study") for side in (new, old)]
    if None not in hashes and hashes[0] != hashes[1]:
        raise ConfigError(
            f"{where}: ids and labels are the same, but an image, an annotation or a group is "
            f"not: the studies have SHA-256 {str(hashes[0])[:12]} and {str(hashes[1])[:12]}; "
            "audit both detectors on the same files"
        )


def _named(ids: Sequence[str]) -> str:
    rest = ", …" if len(ids) > _SHOWN else ""
    return f"{len(ids)} case{'s' if len(ids) > 1 else ''} ({', '.join(ids[:_SHOWN])}{rest})"
