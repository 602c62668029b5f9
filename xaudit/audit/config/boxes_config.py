"""The audit file of boxes that a detector drew elsewhere: `detector.format: boxes`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from xaudit.audit.config.data_config import DataConfig
from xaudit.audit.config.predictions_config import (
    RecordedConfig,
    RecordedDetectorConfig,
    refuse_detector_options,
)
from xaudit.audit.config.read_config import Overrides, below
from xaudit.data.drawn.spec import BoxesSpec, Joined
from xaudit.yaml_file import YamlFile, read_yaml

FORMAT = "boxes"


class BoxesDetectorConfig(RecordedDetectorConfig):
    """The detector that drew the boxes; it is not run."""

    format: Literal["boxes"]
    found: Path = Field(
        description="COCO results (JSON), a table of boxes, or a folder of YOLO text files with "
        "scores; in pixels of the upright images of the study"
    )
    images: Path | None = Field(
        None, description="COCO file whose images give the numbers of COCO results a file name"
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="role → column of a table of boxes (image, left, top, right, bottom, width, "
        "height, score, class), where it uses other names",
    )
    classes: tuple[str, ...] = Field(
        (), description="classes that mean fractured, as the file writes them"
    )
    joined: Joined = Field(
        "max", description="score of an image: the highest of its boxes, or noisy_or, the "
        "probability that not all of them are wrong; without a box it is 0"
    )  # fmt: skip

    @field_validator("classes", mode="before")
    @classmethod
    def _as_written(cls, given: object) -> object:
        """Numbers of classes need no quotes: YAML's 3 is the text "3"."""
        if not isinstance(given, list | tuple):
            return given
        return [str(one) if type(one) is int else one for one in given]

    def spec(self) -> BoxesSpec:
        """What the reader of the boxes needs."""
        return BoxesSpec(self.found, self.images, self.columns, self.classes, self.score)


class BoxesConfig(RecordedConfig):
    """An audit of boxes against annotated lesions, without the network that drew them."""

    data: DataConfig
    detector: BoxesDetectorConfig


def read_boxes_config(path: Path, overrides: Overrides) -> tuple[BoxesConfig, YamlFile]:
    """Read an audit file of boxes; relative paths are taken from its folder.

    Args:
        path: the YAML file.
        overrides: values of the command line; `data` is the folder of the study.

    Raises:
        ConfigError: every mistake of the file, each with its place; an option does not apply.
    """
    refuse_detector_options(overrides)
    file = read_yaml(path, overrides.env)
    config = file.parse(BoxesConfig)
    folder, detector = path.resolve().parent, config.detector
    data = {
        "root": overrides.data.resolve() if overrides.data else below(folder, config.data.root),
        "split": overrides.split or config.data.split,
    }
    files = {
        "found": below(folder, detector.found),
        "images": below(folder, detector.images) if detector.images is not None else None,
    }
    parts = {
        "data": config.data.model_copy(update=data),
        "detector": detector.model_copy(update=files),
        "policy": overrides.policy_of(folder, config.policy),
        "device": below(folder, config.device) if config.device is not None else None,
    }
    return config.model_copy(update=parts), file
