"""Two audits on the cases that both of them have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.files import read_whole
from xaudit.audit.store.record import read_record
from xaudit.audit.store.store import CaseRow, Store
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.record.finding import Findings
from xaudit.errors import ConfigError

Logits = npt.NDArray[np.float64]

ONLY_OLD, ONLY_NEW = "only in the old audit", "only in the new audit"


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """The common cases of two audits, in the order of the old one.

    A case is common if both audits have its id with the same image, label and patient; of patients
    with codes of two keys, see `_of_same_patients`.

    Attributes:
        ids: N case ids.
        patients: N names of the independent units.
        labels: (N,) bool, True for a fracture.
        groups: N times column → level, as the new audit has them.
        old: (N,) logits of the old detector, NaN where it has none.
        new: (N,) logits of the new detector, NaN where it has none.
        points: operating points of the same name: (of the old detector, of the new one).
        left_out: why other cases were left out → how many.
        by_image: common cases whose image was compared by its hash; the others have none in one
            of the audits, as where a table of predictions was audited.
        unit: what a patient is called ("patient", "image").
    """

    ids: tuple[str, ...]
    patients: tuple[str, ...]
    labels: BoolArray
    groups: tuple[Mapping[str, str], ...]
    old: Logits
    new: Logits
    points: tuple[tuple[OperatingPoint, OperatingPoint], ...]
    left_out: Mapping[str, int]
    by_image: int
    unit: str

    @property
    def scored(self) -> BoolArray:
        """(N,) bool: both detectors gave a score."""
        return ~(np.isnan(self.old) | np.isnan(self.new))

    def right(self, logits: Logits, threshold: float) -> BoolArray:
        """Which decisions are right at a threshold; a case without a score is not.

        Args:
            logits: `old` or `new`.
            threshold: of the operating point, on the logit.
        """
        # A comparison with NaN is False: a normal case without a score would count as right.
        right: BoolArray = ~np.isnan(logits) & ((logits > threshold) == self.labels)
        return right


def read_pair(old: Path, new: Path) -> Paired:
    """Read the common cases of two finished audits.

    Args:
        old: folder of the audit to compare with.
        new: folder of the audit that is compared.

    Raises:
        ConfigError: an audit is not finished, or they have no case in common.
        AuditError: a shard is missing or damaged.
    """
    findings = read_whole(old), read_whole(new)
    rows = read_cases(old), read_cases(new)
    one_key = read_record(old).key == read_record(new).key
    kept = _of_same_patients(*rows, one_key=one_key)
    reasons = {
        case_id: _apart(row, rows[1].get(case_id), same=case_id in kept)
        for case_id, row in rows[0].items()
    }
    common = [case_id for case_id, reason in reasons.items() if reason is None]
    left_out = Counter(reason for reason in reasons.values() if reason is not None)
    if fresh := len(rows[1].keys() - rows[0].keys()):
        left_out[ONLY_NEW] = fresh
    if not common:
        said = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise ConfigError(f"{old} and {new}: no case in common to compare on: {said}")
    first, second = [rows[0][one] for one in common], [rows[1][one] for one in common]
    return Paired(
        ids=tuple(common),
        patients=tuple(row.patient for row in second),
        labels=np.array([row.label for row in second], dtype=bool),
        groups=tuple(row.groups for row in second),
        old=np.array([row.logit for row in first], dtype=np.float64),
        new=np.array([row.logit for row in second], dtype=np.float64),
        points=_points(*findings),
        left_out=dict(left_out),
        by_image=sum(None not in (row.image_sha256, other.image_sha256)
                     for row, other in zip(first, second, strict=True)),
        unit=findings[1].study.unit,
    )  # fmt: skip


def read_cases(folder: Path) -> dict[str, CaseRow]:
    """Case id → row of every planned shard.

    Raises:
        ConfigError: there is no plan.
        AuditError: a shard is missing or damaged.
    """
    record, store = read_record(folder), Store(folder)
    numbers = [number for number, ids in enumerate(record.shards) if ids]
    return {row.case_id: row for number in numbers for row in store.read(number).cases}


def _of_same_patients(
    old: Mapping[str, CaseRow], new: Mapping[str, CaseRow], *, one_key: bool
) -> set[str]:
    """Ids of the common cases whose patient is the same one.

    Codes of two keys cannot be compared. They say which cases are of one patient, and that must
    fit: patients are matched in pairs, those first that share most cases.
    """
    pairs = {name: (row.patient, new[name].patient) for name, row in old.items() if name in new}
    if one_key:
        return {name for name, (before, after) in pairs.items() if before == after}
    partners: dict[str, str] = {}
    taken: set[str] = set()
    for (before, after), _ in Counter(pairs.values()).most_common():
        if before not in partners and after not in taken:
            partners[before] = after
            taken.add(after)
    return {name for name, (before, after) in pairs.items() if partners.get(before) == after}


def _apart(old: CaseRow, new: CaseRow | None, *, same: bool) -> str | None:
    """Why two rows are not about the same case; None if they are."""
    if new is None:
        return ONLY_OLD
    if None not in (hashes := {old.image_sha256, new.image_sha256}) and len(hashes) > 1:
        return "with another image"
    if old.label != new.label:
        return "with another label"
    return None if same else "with another patient"


def _points(old: Findings, new: Findings) -> tuple[tuple[OperatingPoint, OperatingPoint], ...]:
    before = {point.name: point for point in old.detector.operating_points}
    after = new.detector.operating_points
    return tuple((before[one.name], one) for one in after if one.name in before)
