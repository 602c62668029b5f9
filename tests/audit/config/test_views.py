"""Several views in an audit file: what goes together, and what plans of before stay."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.plan.plan import _portable, data_spec
from xaudit.core.detector import Views

EXAMPLE = Path(__file__).parents[3] / "examples" / "small-views.yaml"


@pytest.fixture
def content():
    return yaml.safe_load(EXAMPLE.read_text("utf-8"))


def test_the_study_is_read_as_the_detector_sees_it(content):
    config = AuditConfig.model_validate(content)
    assert data_spec(config.data, config.detector.input.views).views == Views(
        3, "view", ("ap", "lateral", "oblique")
    )
    assert config.detector.input.grid.shape == (192, 48)
    assert _portable(config)["detector"]["input"]["views"]["count"] == 3


def test_plans_without_views_are_those_of_before(content):
    del content["detector"]["input"]["views"]
    config = AuditConfig.model_validate(content)
    assert data_spec(config.data, config.detector.input.views).views is None
    assert set(_portable(config)["detector"]["input"]) == {
        "height", "width", "color", "channels", "resize", "crop_pct", "interpolation", "pad",
        "mean", "std", "intensity",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("examinations", "max", "there is nothing to join"),
        ("exclude_duplicates", True, "is another input"),
        ("near_duplicates", True, "image by image"),
    ],
)
def test_what_speaks_of_single_images_is_refused(content, key, value, told):
    content["data"][key] = value
    with pytest.raises(ValidationError, match=told):
        AuditConfig.model_validate(content)


def test_models_of_other_formats_take_single_images(content):
    del content["detector"]["architecture"]
    with pytest.raises(ValidationError, match="has format torch, got onnx"):
        AuditConfig.model_validate(content | {"detector": content["detector"] | {"format": "onnx"}})


def test_a_key_that_is_none_is_a_mistake(content):
    content["detector"]["input"]["views"]["order"] = "id"
    with pytest.raises(ValidationError, match="order"):
        AuditConfig.model_validate(content)
