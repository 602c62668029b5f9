"""Declared as timm and torchvision prepare an image, it gets their pixels, to the last level."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.transforms.geometry import GridTransform
from xaudit.torchvision_operators import define_missing_operators

define_missing_operators()
timm = pytest.importorskip("timm.data.transforms_factory")
transforms = pytest.importorskip("torchvision.transforms")

MODES = {"center": "crop", "squash": "stretch", "border": "letterbox"}
KINDS = {"bilinear": "pil_bilinear", "bicubic": "pil_bicubic", "lanczos": "pil_lanczos"}


def film(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def prepared(pixels, height, width, **declared):
    spec = InputSpec(height, width, color="rgb", **declared)
    transform = GridTransform.between(Grid(pixels.shape[:2]), spec)
    made = transform.image(pixels.astype(np.float32) / np.float32(255), eight_bit=True)
    return np.rint(made * 255).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(20, 120),
    width=st.integers(20, 120),
    size=st.sampled_from([(32, 32), (40, 32), (24, 56)]),
    share=st.sampled_from([0.5, 0.7, 0.875, 0.9, 0.95, 1.0]),
    mode=st.sampled_from(sorted(MODES)),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_equals_the_transforms_of_timm(height, width, size, share, mode, kind):
    theirs = timm.transforms_imagenet_eval(
        size, crop_pct=share, crop_mode=mode, interpolation=kind, mean=(0, 0, 0), normalize=False
    )
    pixels = film(height, width)
    declared = {"resize": MODES[mode], "crop_pct": share, "interpolation": KINDS[kind]}
    expected = np.asarray(theirs(Image.fromarray(pixels)))
    np.testing.assert_array_equal(prepared(pixels, *size, **declared), expected)


def test_a_share_below_1_resizes_the_shorter_side_for_more_and_cuts_the_middle():
    pixels = film(300, 401)
    image = Image.fromarray(pixels).resize((int(256 * 401 / 300), 256), Image.Resampling.BICUBIC)
    left, top = round((image.width - 224) / 2), (256 - 224) // 2
    expected = np.asarray(image.crop((left, top, left + 224, top + 224)))
    declared = {"resize": "crop", "interpolation": "pil_bicubic"}
    got = prepared(pixels, 224, 224, crop_pct=0.875, **declared)
    np.testing.assert_array_equal(np.moveaxis(got, 0, 2), expected)
    assert math.floor(224 / 0.875) == 256
    assert (got != prepared(pixels, 224, 224, **declared)).mean() > 0.9


@pytest.mark.parametrize("sides", [(97, 64), (64, 101), (331, 250), (64, 64)])
def test_equals_resize_and_center_crop_of_torchvision(sides):
    pixels = film(*sides)
    theirs = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(48)])
    expected = np.moveaxis(np.asarray(theirs(Image.fromarray(pixels))), 2, 0)
    got = prepared(pixels, 48, 48, resize="crop", crop_pct=0.75, interpolation="pil_bilinear")
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("share", [0, -0.5, 1.01, math.nan])
def test_a_share_is_a_share(share):
    with pytest.raises(ValueError, match="crop_pct"):
        InputSpec(32, 32, crop_pct=share)
