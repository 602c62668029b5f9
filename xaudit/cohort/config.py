"""Cohort files: which study is held against an audit, and nothing of the detector."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from xaudit.audit.config.data_config import DataConfig
from xaudit.audit.config.read_config import Overrides, below, refuse_archive
from xaudit.audit.config.section import Section
from xaudit.yaml_file import YamlFile, read_yaml

_OF_AUDITS = ("types", "subtlety", "consensus", "examinations", "intersections", "near_duplicates")


class CohortConfig(Section):
    """A study without labels."""

    data: DataConfig

    @model_validator(mode="after")
    def _without_labels(self) -> CohortConfig:
        if self.data.options.get("labels") != "none":
            raise ValueError(
                "data.options: expected labels: none: a cohort is a study that does not say what "
                "is fractured. One that does is audited with `xaudit run`"
            )
        for name in _OF_AUDITS:
            if getattr(self.data, name):
                raise ValueError(f"data.{name}: means nothing in a cohort; leave it out")
        return self


def read_cohort(path: Path, given: Overrides) -> tuple[CohortConfig, YamlFile]:
    """Read a cohort file; relative paths are taken from its folder.

    Args:
        path: the YAML file.
        given: what the command line says instead of the file, or allows.

    Returns:
        The configuration with absolute paths, and the file for messages that name a line.

    Raises:
        ConfigError: every mistake of the file, each with its place.
    """
    file = read_yaml(path, given.env)
    config = file.parse(CohortConfig)
    refuse_archive(config.data, file, given)
    root = given.data.resolve() if given.data else below(path.resolve().parent, config.data.root)
    return CohortConfig(data=config.data.model_copy(update={"root": root})), file
