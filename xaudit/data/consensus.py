"""The declared rule by which several annotators of an image become one reference standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

LabelRule = Literal["majority", "any", "all"]
LesionRule = Literal["majority", "union", "intersection", "staple"]
Ties = Literal["positive", "negative", "exclude"]


@dataclass(frozen=True, slots=True)
class OneAnnotator:
    """What one annotator says counts.

    Attributes:
        annotator: as reports call them: "reader 2", or the name where names are shown.
    """

    annotator: str

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Consensus:
    """Which label and which lesions count where annotators disagree.

    Attributes:
        label: fractured where most, any or all annotators say so, or one of them; None where
            they never disagree.
        lesions: pixels that most, any or all annotators outline, those that STAPLE finds more
            probable than not (Warfield, Zou, Wells 2004), or those of one annotator.
        ties: what as many votes for as against count as; "exclude" leaves the case out.
        names: the texts of the column are harmless: reports show them instead of numbers.
    """

    label: LabelRule | OneAnnotator | None = None
    lesions: LesionRule | OneAnnotator | None = None
    ties: Ties | None = None
    names: bool = False

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
