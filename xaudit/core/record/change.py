"""Changes between two audits on the cases that both have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from xaudit.core.estimate import Estimate
from xaudit.core.message import Sentence

CHANGE_SCHEMA_VERSION = 2

MoveKind = Literal["newly_missed", "newly_found", "new_false_alarm", "false_alarm_gone"]
Subject = Literal["fracture", "normal", "lesion"]


@dataclass(frozen=True, slots=True)
class ComparedAudit:
    """One of the two audits.

    Attributes:
        identity: SHA-256 of the weights, or of the table of predictions; None where no file
            identifies the detector.
    """

    audit: str
    created: str
    plan_sha256: str
    detector: str
    version: str
    identity: str | None


@dataclass(frozen=True, slots=True)
class Delta:
    """By how much one metric changed, new minus old.

    Attributes:
        metric: registry name.
        scope: as in a `Finding`; ``analysis`` "scored" is about cases that both detectors scored.
        old: value of the old detector on the same cases; None where it has none.
        new: value of the new one.
        difference: new minus old, with its interval.
        p_value: two-sided, of no difference; None without a test.
        test: the test by name.
        p_adjusted: the same with all groups counted (Holm 1979); None where it is not of a group.
    """

    metric: str
    scope: Mapping[str, str]
    old: float | None
    new: float | None
    difference: Estimate
    p_value: float | None
    test: Sentence
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of one kind are hit by both detectors, by one, or by none.

    Attributes:
        subject: "fracture" (called one), "normal" (called a fracture: a false alarm), "lesion"
            (hit by the peak of a method's map).
        scope: ``operating_point``, or ``method``.
    """

    subject: Subject
    scope: Mapping[str, str]
    both: int
    only_old: int
    only_new: int
    neither: int


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A case that the two detectors decide differently; None stands for no score."""

    case_id: str
    operating_point: str
    kind: MoveKind
    old_probability: float | None
    new_probability: float | None


@dataclass(frozen=True, slots=True)
class MapChange:
    """How alike the maps of one method are before and after.

    Attributes:
        similarity: mean rank correlation over the cases that both audits explained.
        least: the cases whose maps are least alike, with their correlation.
        without: cases that both explained and of which a map cannot be compared.
        same_parameters: the maps were made in the same way.
    """

    method: str
    similarity: Estimate
    least: tuple[tuple[str, float], ...]
    without: int
    same_parameters: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """The change report.

    Attributes:
        cases: common cases.
        patients: of these.
        positives: common cases with a fracture.
        scored: common cases that both detectors gave a score.
        by_image: common cases that were matched by id and hash of the image, not by id alone.
        left_out: why other cases were left out → how many.
        points_left_out: operating points that only one of the audits has.
        minimum: of the new audit: below the first only counts are given, below the second no
            verdict is read.
        interim: what is to be said of audits with interim analyses.
        notes: what was not compared, and why.
        unverified: which files were not those that the runs wrote, a line each.
        tolerance: difference of two scores of one case that another run of the same audit may
            show; None where it was not measured.
        within: operating point → cases that are decided differently and moved by no more.
    """

    old: ComparedAudit
    new: ComparedAudit
    unit: str
    cases: int
    patients: int
    positives: int
    scored: int
    by_image: int
    left_out: Mapping[str, int]
    points: tuple[str, ...]
    points_left_out: tuple[str, ...]
    minimum: tuple[int, int]
    deltas: tuple[Delta, ...]
    agreements: tuple[Agreement, ...]
    moved: tuple[MovedCase, ...]
    maps: tuple[MapChange, ...]
    interim: tuple[Sentence, ...] = ()
    unverified: tuple[Sentence, ...] = ()
    tolerance: float | None = None
    within: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Sentence, ...] = ()
    schema_version: int = CHANGE_SCHEMA_VERSION
