"""The configuration of an audit: YAML on disk, one typed object here."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from xaudit.audit.config.data_config import DataConfig
from xaudit.audit.config.detector_config import DetectorConfig
from xaudit.audit.config.explain_config import ExplainConfig, RobustnessConfig
from xaudit.audit.config.section import ACKNOWLEDGE, Acknowledged, Section
from xaudit.audit.config.statistics_config import InterimConfig, StatisticsConfig
from xaudit.core.attribution import Parameter

_OF_SINGLE_IMAGES = {
    "examinations": "the detector gives an examination one score, there is nothing to join",
    "exclude_duplicates": "an examination without one of its views is another input; copies are "
    "told all the same",
    "near_duplicates": "pictures are compared image by image",
}
"""Keys of the data that mean nothing where a case is an examination, and why."""


class AuditConfig(Section):
    """One audit: a detector, a study, methods, statistics and a policy."""

    name: str = Field(min_length=1, description="how reports call the audit")
    seed: int = Field(0, ge=0, description="everything random is spawned from it")
    data: DataConfig
    detector: DetectorConfig
    explain: ExplainConfig = ExplainConfig()
    statistics: StatisticsConfig = StatisticsConfig()
    robustness: RobustnessConfig = RobustnessConfig()
    probes: dict[str, dict[str, Parameter]] = Field(
        default_factory=dict, description="probe of an installed package → parameters"
    )
    interim: InterimConfig = InterimConfig()
    policy: Path | None = Field(None, description="policy file, relative to this file")
    device: Path | None = Field(None, description="declared facts, relative to this file")
    acknowledge: Acknowledged = Field((), description=ACKNOWLEDGE)
    max_failed: float = Field(
        0.05, ge=0, le=1, description="share of cases that may fail before the audit itself fails"
    )

    @model_validator(mode="after")
    def _examinations_are_whole(self) -> AuditConfig:
        if self.detector.input.views is None:
            return self
        for key, why in _OF_SINGLE_IMAGES.items():
            if getattr(self.data, key):
                raise ValueError(f"data.{key} with detector.input.views: {why}; leave it out")
        return self

    @model_validator(mode="after")
    def _folds_have_no_counterparts(self) -> AuditConfig:
        checks = self.explain.checks
        if self.detector.folds and (checks.shuffled_labels or checks.retrained):
            raise ValueError(
                "explain.checks.shuffled_labels and retrained are of one detector; with "
                "detector.folds there are several: leave them out"
            )
        return self
