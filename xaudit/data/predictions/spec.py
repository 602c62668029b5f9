"""Specification of a table of predictions: what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from xaudit.data.folds import FoldDesign
from xaudit.data.tables.levels import Merge
from xaudit.data.tables.missing import MissingTexts

Scale = Literal["probability", "logit"]
_FORBID: dict[str, str] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column plays which role.

    Attributes:
        id: unique in the table.
        label: what the reference standard says.
        score: what the detector said.
        patient: the independent unit; None declares one image per patient.
        split: where only some splits are audited.
        site: hospital or scanner; a patient has one.
        fold: of a cross-validation: the case was scored by a detector that was not trained on it.
    """

    id: str
    label: str
    score: str
    patient: str | None = None
    split: str | None = None
    site: str | None = None
    fold: str | None = None

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID


@dataclass(frozen=True, slots=True)
class NoPrediction:
    """Rows for which the detector gave nothing: cases that failed, whatever their score says."""

    column: str
    values: tuple[str, ...]

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """A column that tables are cut by.

    Attributes:
        column: in the table.
        bins: inner borders for a column of numbers, ascending; a border belongs to the bin above.
        names: value → how the card calls it.
        merge: level → values that it takes, for a column of many texts; "*" takes the rest.
    """

    column: str
    bins: tuple[float, ...] = ()
    merge: Merge = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The declaration behind a table of predictions.

    Attributes:
        table: CSV, JSON, Parquet or Arrow file.
        columns: roles.
        scale: what a score is: a probability in [0, 1], or a logit.
        positive: label values that mean fractured.
        negative: label values that mean not fractured.
        no_prediction: which rows failed; None where every row has a score.
        split: values of the split column that are audited; empty takes every row.
        groups: name → column.
        folds: how folds were made; None where nothing is declared.
        missing: texts that hold nothing, for all columns or column → texts; None takes those that
            hold nothing by themselves (`xaudit.data.tables.missing`).
    """

    table: Path
    columns: Columns
    scale: Scale
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    no_prediction: NoPrediction | None = None
    split: tuple[str, ...] = ()
    groups: Mapping[str, GroupColumn] = field(default_factory=dict)
    folds: FoldDesign | None = None
    missing: MissingTexts = None
