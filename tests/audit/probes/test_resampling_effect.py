from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from xaudit.audit.config.detector_config import OperatingPointConfig
from xaudit.audit.probes.resampling_effect import resampling_effects
from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare
from xaudit.data.transforms.resampling import LIBRARIES
from xaudit.errors import InstallError

KINDS = {"area": ["pil_box", "cv2_area", "torch_area"],
         "cv2_linear": ["bilinear", "pil_bilinear", "torch_bilinear", "torch_bilinear_antialias",
                        "torch_bilinear_uint8", "torch_bilinear_rounded"],
         "pil_lanczos": []}  # fmt: skip


class SumOfOnePixel:
    """A detector that sees one pixel: what resizing does to it is known."""

    def logits(self, images):
        return images[:, 0, 5, 7].astype(np.float64) * 10 - 5


@pytest.fixture
def cases(tmp_path):
    rng = np.random.default_rng(0)
    found = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (97, 61), dtype=np.uint8)).save(path)
        found.append(Case(str(number), str(number), number % 2 == 0, ImageFile(path)))
    return [*found, Case("gone", "gone", True, ImageFile(tmp_path / "gone.png"))]


def plan(cases, kind):
    point = OperatingPointConfig(name="default", logit=0.0, origin="fixed")
    spec = InputSpec(16, 16, channels=1, resize="stretch", interpolation=kind)
    detector = SimpleNamespace(input=spec, operating_points=(point,))
    config = SimpleNamespace(seed=1, detector=detector)
    return SimpleNamespace(config=config, study=SimpleNamespace(cases=tuple(cases)))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kin_of_the_declared_kind_are_compared_with_it_case_by_case(cases, kind):
    made = resampling_effects(plan(cases, kind), SumOfOnePixel())
    assert [one.interpolation for one in made] == KINDS[kind]
    for one in made:
        before, after = (
            np.array([
                SumOfOnePixel().logits(prepare(case, InputSpec(
                    16, 16, channels=1, resize="stretch", interpolation=name)).image[None])[0]
                for case in cases[:-1]
            ])
            for name in (kind, one.interpolation)
        )  # fmt: skip
        apart = np.abs(after - before)
        assert one.images == 6
        assert one.largest == pytest.approx(apart.max())
        assert one.median == pytest.approx(np.median(apart))
        assert one.flips == {"default": int(((before > 0) != (after > 0)).sum())}
    assert any(one.largest > 0.1 for one in made) or not made


def test_library_that_is_missing_is_left_out(cases, monkeypatch):
    def missing(*_arguments):
        raise InstallError("no cv2")

    monkeypatch.setitem(LIBRARIES, "cv2_area", missing)
    found = resampling_effects(plan(cases, "area"), SumOfOnePixel())
    assert [one.interpolation for one in found] == ["pil_box", "torch_area"]


def test_study_without_a_readable_image_has_no_effect(cases):
    assert resampling_effects(plan(cases[-1:], "area"), SumOfOnePixel()) == ()
