"""The parts of an audit file on statistics: intervals, sizes, interim analyses."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from xaudit.audit.config.section import Section
from xaudit.core.record.interim import Spending


class BandConfig(Section):
    """A part of the ROC curve."""

    rate: Literal["specificity", "sensitivity"] = Field(description="what is held in the band")
    low: float = Field(ge=0, lt=1, description="lower end")
    high: float = Field(1.0, gt=0, le=1, description="upper end")

    @model_validator(mode="after")
    def _in_order(self) -> BandConfig:
        if self.low >= self.high:
            raise ValueError(f"a band has low < high, got {self.low} and {self.high}")
        return self


_Rate = Annotated[float, Field(ge=0, le=1)]


_Inner = Annotated[float, Field(gt=0, lt=1)]


class StatisticsConfig(Section):
    """How numbers are made and when they may be judged."""

    draws: int = Field(2000, ge=200, le=100_000, description="bootstrap replicates")
    prevalence: float | None = Field(
        None, gt=0, lt=1, description="share of fractures in intended use, for PPV and NPV"
    )
    minimum: tuple[int, int] = Field(
        (10, 30), description="positives for an interval, and for a verdict"
    )
    hit: Literal["center"] | Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="when a box finds a lesion: from this overlap (IoU) on, or where its "
        "center lies in the lesion's box"
    )  # fmt: skip
    partial_auc: tuple[BandConfig, ...] = Field(
        (), description="parts of the ROC curve whose area is reported"
    )
    at_specificity: tuple[_Rate, ...] = Field(
        (), description="specificities at which the sensitivity is read off the ROC curve"
    )
    at_sensitivity: tuple[_Rate, ...] = Field(
        (), description="sensitivities at which the specificity is read off the ROC curve"
    )
    acting: tuple[_Inner, ...] = Field(
        (),
        description="probabilities of a fracture at which one would just act, for the net benefit: "
        "0.1 means that nine false alarms weigh as much as one fracture found",
    )
    case_mix: tuple[str, ...] = Field(
        (),
        description="groups that make a case hard or easy (body part, view): gaps of all others "
        "are also given among cases that are alike in them",
    )
    margins: dict[Literal["sensitivity", "specificity", "auc"], _Inner] = Field(
        default_factory=dict,
        description="metric → largest difference between groups that does not matter; only with a "
        "margin can groups be shown to be equal",
    )

    @property
    def least_iou(self) -> float | None:
        """Overlap from which on a box finds a lesion; None where its center decides."""
        return None if self.hit == "center" else self.hit


class InterimConfig(Section):
    """When `--profile ci` reads the rules while the audit runs."""

    fractions: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75, 1.0),
        min_length=1,
        max_length=10,
        description="shares of the patients after which the rules are read, rising to 1; [1] reads "
        "them once, at the end",
    )
    spending: Spending = Field(
        "obrien_fleming",
        description="how the error is spent over the analyses: obrien_fleming keeps nearly all of "
        "it for the end, pocock stops earlier and needs more cases",
    )

    @model_validator(mode="after")
    def _rising(self) -> InterimConfig:
        given = (0.0, *self.fractions)
        if given[-1] != 1 or any(b - a < 0.01 for a, b in pairwise(given)):
            raise ValueError(
                "expected shares that rise by at least 0.01 and end with 1, got "
                f"{list(self.fractions)}"
            )
        return self
