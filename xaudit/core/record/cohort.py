"""Cohorts: how a study without labels differs from that of an audit; nothing of performance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from xaudit.core.estimate import Estimate
from xaudit.core.message import Sentence
from xaudit.core.record.change import ComparedAudit

COHORT_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases one of the two studies has.

    Attributes:
        scored: cases that the detector gave a score: only these are compared.
        patients: of the scored cases.
    """

    study: str
    cases: int
    scored: int
    patients: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the scored cases in both studies.

    Attributes:
        scope: ``operating_point``, of what is called a fracture; or ``group`` and ``level``.
        difference: cohort minus audit, as if no patient were in both.
    """

    scope: Mapping[str, str]
    cohort: Estimate
    audit: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class ImageDifference:
    """How far a statistic of the cohort's images is from that of the audit's.

    Attributes:
        statistic: its name.
        what: the same in words.
        difference: cohort minus audit, in standard deviations; all of them hold at once.
    """

    statistic: str
    what: Sentence
    difference: Estimate


@dataclass(frozen=True, slots=True)
class CohortShift:
    """A cohort beside a finished audit of the same detector.

    Attributes:
        compared: the audit.
        unit: what a patient is called: that of both studies, else an image.
        also_in_audit: cases of the cohort whose image is one of the audit's, by its hash.
        issues: what was noticed about the cohort → in how many cases.
        scores: chance that a case of the cohort scores above one of the audit, less one half.
        calls: share that is called a fracture at each operating point.
        groups: share of every level of a column that both have.
        columns_left_out: columns that only one of them has.
        images: by each statistic; empty where one of the two has none.
        tests: "image_shift" and "feature_shift" → part → estimate; see `SiteShift`.
        minimum: patients on the smaller side for an estimate, and for one without a caution.
        unverified: which files were not those that the run wrote, a line each.
    """

    compared: ComparedAudit
    audit: Counts
    cohort: Counts
    unit: Literal["patient", "image"]
    also_in_audit: int
    issues: Mapping[str, int]
    scores: Estimate
    calls: tuple[Share, ...]
    groups: tuple[Share, ...]
    columns_left_out: tuple[str, ...]
    images: tuple[ImageDifference, ...]
    tests: Mapping[str, Mapping[str, Estimate]]
    minimum: tuple[int, int]
    unverified: tuple[Sentence, ...] = ()
    schema_version: int = COHORT_SCHEMA_VERSION
