"""The audit file of a table of predictions: `detector.format: predictions`."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from xaudit.audit.config.data_config import SUBTLETY, IntersectionsConfig, SubtletyConfig
from xaudit.audit.config.detector_config import OperatingPointConfig
from xaudit.audit.config.read_config import Overrides, below
from xaudit.audit.config.section import ACKNOWLEDGE, Acknowledged, Section
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.core.record.finding import CROSS
from xaudit.data.folds import FoldDesign
from xaudit.data.predictions.spec import Columns, GroupColumn, NoPrediction, Scale, TableSpec
from xaudit.errors import ConfigError
from xaudit.models.spec import TORCH
from xaudit.yaml_file import YamlFile, read_yaml

FORMAT = "predictions"
RECORDED = (FORMAT, "boxes")
"""Formats of detectors that are known by what they said elsewhere."""


class PredictionsDataConfig(Section):
    """Which table is audited, and what its columns mean."""

    table: Path = Field(
        description="CSV, JSON, Parquet or Arrow, one row for each case, relative to this file"
    )
    name: str = Field("", description="how the card calls the study")
    source: str = Field("", description="citation, DOI or commit, for the card")
    license: str = Field("", description="terms under which the data are used, for the card")
    dates: str = Field("", description="when the images were made, for the card")
    columns: Columns = Field(description="role → column; without a patient, one image per patient")
    positive: tuple[str, ...] = Field(("1", "1.0"), description="labels that mean fractured")
    negative: tuple[str, ...] = Field(("0", "0.0"), description="labels that mean not fractured")
    no_prediction: NoPrediction | None = Field(
        None, description="rows for which the detector gave nothing: failed, not negative"
    )
    split: tuple[str, ...] = Field((), description="splits to audit; empty takes every row")
    folds: FoldDesign | None = Field(
        None, description="how the folds of columns.fold were made; needs that column"
    )
    missing: tuple[str, ...] | dict[str, tuple[str, ...]] | None = Field(
        None,
        description="texts that hold nothing instead of nan, NA, null, ... (column → texts for "
        "single columns); an empty cell always holds nothing",
    )
    groups: dict[str, GroupColumn] = Field(
        default_factory=dict, description="name on the card → column, with bins for numbers"
    )
    types: tuple[str, ...] = Field(
        (), description="groups that are types of fracture, which normal cases do not have: each "
        "level is set against all normal cases"
    )  # fmt: skip
    subtlety: SubtletyConfig | None = Field(None, description=SUBTLETY)
    intersections: IntersectionsConfig | None = Field(
        None, description="combinations of groups that are tables too"
    )

    @model_validator(mode="after")
    def _folds_fit(self) -> PredictionsDataConfig:
        if (self.folds is None) != (self.columns.fold is None):
            raise ValueError("folds and columns.fold are declared together, or neither")
        return self

    @model_validator(mode="after")
    def _groups_fit(self) -> PredictionsDataConfig:
        crossed = [name for name in self.groups if CROSS.strip() in name]
        if crossed:
            raise ValueError(f"a group's name has no {CROSS.strip()}, got {crossed}")
        unknown = [
            name
            for name in (self.intersections.of if self.intersections else ())
            if name not in self.groups
        ]
        if unknown:
            raise ValueError(f"intersections.of: no group {unknown}; there is: {[*self.groups]}")
        return self


class RecordedDetectorConfig(Section):
    """A detector that is known by what it said elsewhere; it is not run."""

    name: str = Field(min_length=1)
    version: str = ""
    score: Scale = Field("probability", description="what a score is: probability or logit")
    operating_points: tuple[OperatingPointConfig, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> RecordedDetectorConfig:
        names = [point.name for point in self.operating_points]
        if len(set(names)) < len(names):
            raise ValueError(f"operating points need different names, got {names}")
        return self


class RecordedConfig(Section):
    """What every audit of recorded answers declares besides data and detector."""

    name: str = Field(min_length=1, description="how reports call the audit")
    seed: int = Field(0, ge=0, description="everything random is spawned from it")
    statistics: StatisticsConfig = StatisticsConfig()
    policy: Path | None = Field(None, description="policy file, relative to this file")
    device: Path | None = Field(None, description="declared facts, relative to this file")
    acknowledge: Acknowledged = Field((), description=ACKNOWLEDGE)
    max_failed: float = Field(
        0.05, ge=0, le=1, description="share of cases that may fail before the audit itself fails"
    )


class PredictionsDetectorConfig(RecordedDetectorConfig):
    """The detector that gave the scores."""

    format: Literal["predictions"]


class PredictionsConfig(RecordedConfig):
    """An audit of scores without images or a network: performance, groups and sites."""

    data: PredictionsDataConfig
    detector: PredictionsDetectorConfig

    def spec(self) -> TableSpec:
        """What the reader of the table needs."""
        data = self.data
        return TableSpec(
            table=data.table,
            columns=data.columns,
            scale=self.detector.score,
            positive=data.positive,
            negative=data.negative,
            no_prediction=data.no_prediction,
            split=data.split,
            groups=data.groups,
            folds=data.folds,
            missing=data.missing,
        )


def recorded_format(path: Path, env: Collection[str] = ()) -> str | None:
    """Which of `RECORDED` an audit file is about; None where it is about a network.

    Args:
        path: the audit file.
        env: environment variables that it may read; see `xaudit.yaml_file.read_yaml`.

    Raises:
        ConfigError: the file cannot be read, or `detector.format` is something else.
    """
    file = read_yaml(path, env)
    detector = file.data.get("detector") if isinstance(file.data, dict) else None
    found = detector.get("format") if isinstance(detector, dict) else None
    if found in RECORDED:
        return str(found)
    if found not in (None, TORCH) and found not in _of_packages():
        place = file.place(("detector", "format"))
        known = " or ".join(map(repr, (*RECORDED, *_of_packages())))
        raise ConfigError(
            f"{place}: detector.format: expected {known}, got {found!r}; leave the line out where "
            "a network is to be run"
        )
    return None


def _of_packages() -> tuple[str, ...]:
    """Formats of models that installed packages read; looking needs torch."""
    from xaudit.models.formats import MODEL_FORMATS  # noqa: PLC0415

    return tuple(MODEL_FORMATS)


def read_predictions_config(path: Path, overrides: Overrides) -> tuple[PredictionsConfig, YamlFile]:
    """Read an audit file of predictions; relative paths are taken from its folder.

    Args:
        path: the YAML file.
        overrides: values of the command line; `data` is the table, or the folder that holds it.

    Raises:
        ConfigError: every mistake of the file, each with its place; an option does not apply.
    """
    refuse_detector_options(overrides)
    file = read_yaml(path, overrides.env)
    config = file.parse(PredictionsConfig)
    folder = path.resolve().parent
    table = below(folder, config.data.table)
    if overrides.data is not None:
        given = overrides.data.resolve()
        table = given / table.name if given.is_dir() else given
    data = {"table": table, "split": overrides.split or config.data.split}
    others = {
        "policy": overrides.policy_of(folder, config.policy),
        "device": below(folder, config.device) if config.device is not None else None,
    }
    parts = {"data": config.data.model_copy(update=data)}
    return config.model_copy(update=parts | others), file


def refuse_detector_options(overrides: Overrides) -> None:
    """Refuse options that speak of a detector which is run.

    Raises:
        ConfigError: one is given.
    """
    if overrides.weights is not None or overrides.cases is not None:
        raise ConfigError("--weights and --cases do not apply: no detector is run on predictions")
    if overrides.sandbox:
        raise ConfigError("--sandbox does not apply: no detector is run on predictions")


def placed(problem: str, file: YamlFile) -> str:
    """The problem with the line of the key that it begins with, if it begins with one."""
    key = re.match(r"(data|detector)(\.[^:]+)*(?=: )", problem)
    return f"{file.place(tuple(key[0].split('.')))}: {problem}" if key else problem
