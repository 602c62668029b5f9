"""Statements of the maker of a device, in a form that a study can contradict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from xaudit.core.message import Sentence

Agreement = Literal["agrees", "contradicted", "untested", "few", "unclear"]


@dataclass(frozen=True, slots=True)
class Ages:
    """For which ages a device is meant, in years: ``low`` and older, under ``below``.

    Attributes:
        low: lowest age; None has no lower end.
        below: first age that is too old; None has no upper end.
        column: group column of the study that holds ages or age bands.
    """

    low: float | None
    below: float | None
    column: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a study can contradict.

    Attributes:
        ages: for which the device is meant.
        groups: column of the study → levels for which it is meant (views, body parts, devices).
        sites: at how many sites it is said to have been tested.
        version: which is released.
        weights_sha256: of the weights that are released.
    """

    ages: Ages | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sites: int | None = None
    version: str | None = None
    weights_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Why a demographic is not in the study; an empty answer is a hole that the card shows.

    Attributes:
        group: "sex", "age", "race", "ethnicity", or a column of the study.
        why: it was not recorded.
        acceptable: why the evidence suffices without it.
        controlled: how the risk for the people it would show is held down.
    """

    group: str
    why: str = ""
    acceptable: str = ""
    controlled: str = ""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who answers for the tests and signs the card."""

    name: str
    role: str
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Statements:
    """All that a maker states besides free text."""

    claims: Claims = field(default_factory=Claims)
    unrecorded: tuple[Unrecorded, ...] = ()
    signatories: tuple[Signatory, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """A claim beside the study.

    Attributes:
        element: field of the card that the claim belongs to.
        claim: as a reader says it.
        agreement: "contradicted": the study, or the detector that was run, is another than
            claimed. "untested": claimed, and the study has no such case. "few": too few fractures
            for a rate. "unclear": the study does not record it.
        why: with the counts.
    """

    element: str
    claim: Sentence
    agreement: Agreement
    why: Sentence
