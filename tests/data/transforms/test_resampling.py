import importlib
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare
from xaudit.data.transforms.geometry import GridTransform
from xaudit.data.transforms.resampling import FAMILIES, LIBRARIES, resized
from xaudit.errors import InstallError
from xaudit.torchvision_operators import define_missing_operators

define_missing_operators()
v1 = importlib.import_module("torchvision.transforms")
v2 = importlib.import_module("torchvision.transforms.v2")

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (123, 97), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (123, 97, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (123, 97), dtype=np.uint16)
SIZES = [(41, 33), (60, 48), (123, 97), (150, 201)]


def pil(path, size, kind):
    """As training code does: open, resize, divide by 255."""
    with Image.open(path) as image:
        made = image.resize(size[::-1], getattr(Image.Resampling, kind))
    return np.moveaxis(np.atleast_3d(made), 2, 0).astype(np.float32) / 255


def opencv(path, size, kind):
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    read = read[..., ::-1] if read.ndim == 3 else read
    made = cv2.resize(np.ascontiguousarray(read), size[::-1], interpolation=getattr(cv2, kind))
    return np.moveaxis(np.atleast_3d(made), 2, 0).astype(np.float32) / 255


def torchlike(path, size, mode, **options):
    with Image.open(path) as image:
        scaled = np.moveaxis(np.atleast_3d(image), 2, 0).astype(np.float32) / 255
    tensor = torch.from_numpy(scaled.copy())[None]
    return (
        torch.nn.functional.interpolate(tensor, size, mode=mode, **options)[0].clamp(0, 1).numpy()
    )


def torchvision(path, size, module, mode):
    """Read as a tensor of uint8, resize, divide by 255."""
    with Image.open(path) as image:
        tensor = torch.from_numpy(np.moveaxis(np.atleast_3d(image), 2, 0).copy())
    kind = getattr(v1.InterpolationMode, mode)
    made = module.functional.resize(tensor, list(size), interpolation=kind, antialias=True)
    assert made.dtype == torch.uint8
    return made.numpy().astype(np.float32) / 255


def v2_of_uint8(path, size, mode):
    """What transforms.v2 does where torch has a kernel for uint8, on any processor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
        return torchvision(path, size, v2, mode)


CALLS = {
    "torch_bilinear_uint8": (v2_of_uint8, {"mode": "BILINEAR"}),
    "torch_bicubic_uint8": (v2_of_uint8, {"mode": "BICUBIC"}),
    "torch_bilinear_rounded": (torchvision, {"module": v1, "mode": "BILINEAR"}),
    "torch_bicubic_rounded": (torchvision, {"module": v1, "mode": "BICUBIC"}),
    "pil_box": (pil, {"kind": "BOX"}),
    "pil_bilinear": (pil, {"kind": "BILINEAR"}),
    "pil_bicubic": (pil, {"kind": "BICUBIC"}),
    "pil_lanczos": (pil, {"kind": "LANCZOS"}),
    "cv2_area": (opencv, {"kind": "INTER_AREA"}),
    "cv2_linear": (opencv, {"kind": "INTER_LINEAR"}),
    "cv2_cubic": (opencv, {"kind": "INTER_CUBIC"}),
    "torch_area": (torchlike, {"mode": "area"}),
    "torch_bilinear": (torchlike, {"mode": "bilinear"}),
    "torch_bicubic": (torchlike, {"mode": "bicubic"}),
    "torch_bilinear_antialias": (torchlike, {"mode": "bilinear", "antialias": True}),
    "torch_bicubic_antialias": (torchlike, {"mode": "bicubic", "antialias": True}),
}


@pytest.mark.parametrize("kind", sorted(LIBRARIES))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("color", [False, True])
def test_every_kind_is_its_library_call_on_the_stored_pixels_to_the_bit(
    tmp_path, kind, size, color
):
    path = tmp_path / "a.png"
    Image.fromarray(COLOR if color else GRAY).save(path)
    call, options = CALLS[kind]
    spec = InputSpec(*size, color="rgb" if color else "gray", resize="stretch", interpolation=kind)
    got = prepare(Case("a", "p", True, ImageFile(path)), spec).image
    assert np.array_equal(got, call(path, size, **options))


@pytest.mark.parametrize("kind", ["pil_bilinear", "torch_bilinear_antialias"])
def test_torchvision_is_called_by_its_name(tmp_path, kind):
    path = tmp_path / "a.png"
    Image.fromarray(COLOR).save(path)
    to_float = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    resize = v2.Resize((60, 48), antialias=True)
    steps = [resize, *to_float] if kind.startswith("pil") else [*to_float, resize]
    spec = InputSpec(60, 48, color="rgb", resize="stretch", interpolation=kind)
    got = prepare(Case("a", "p", True, ImageFile(path)), spec).image
    with Image.open(path) as image:
        expected = v2.Compose(steps)(image).numpy()
    # torch multiplies by 1/255 where NumPy divides: a unit in the last place.
    np.testing.assert_allclose(got, expected, rtol=2e-6)


def test_deep_files_are_resized_in_float32(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(DEEP).save(path)
    scaled = DEEP.astype(np.float32) / 65535
    for kind, expected in (
        ("pil_bilinear", Image.fromarray(scaled).resize((48, 60), Image.Resampling.BILINEAR)),
        ("cv2_area", cv2.resize(scaled, (48, 60), interpolation=cv2.INTER_AREA)),
    ):
        spec = InputSpec(60, 48, resize="stretch", interpolation=kind)
        got = prepare(Case("a", "p", True, ImageFile(path)), spec).image[0]
        assert np.array_equal(got, np.asarray(expected))
        assert len(np.unique(got)) > 256


@pytest.mark.parametrize("kind", ["uint8", "rounded"])
def test_deep_files_are_no_tensors_of_uint8(kind):
    scaled = DEEP.astype(np.float32) / 65535
    expected = resized(scaled, (60, 48), "torch_bicubic_antialias", eight_bit=False)
    got = resized(scaled, (60, 48), f"torch_bicubic_{kind}", eight_bit=False)
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_kinds_of_one_word_differ(family):
    pixels = GRAY.astype(np.float32) / 255
    made = [
        GridTransform.between(Grid(GRAY.shape), InputSpec(60, 48, interpolation=kind)).image(
            pixels, eight_bit=True
        )
        for kind in family
    ]
    for place, first in enumerate(made):
        assert not any(np.array_equal(first, other) for other in made[place + 1 :])


@given(st.sampled_from(sorted(LIBRARIES)), st.sampled_from(["letterbox", "stretch", "crop"]),
       st.integers(20, 90), st.integers(20, 90))  # fmt: skip
def test_where_things_lie_does_not_depend_on_the_kind(kind, resize, height, width):
    """A bright half of the image covers the same half of the grid."""
    pixels = np.zeros((height, width), np.float32)
    pixels[:, width // 2 :] = 1
    spec = InputSpec(64, 48, resize=resize, interpolation=kind, pad=0.123)
    transform = GridTransform.between(Grid((height, width)), spec)
    got, expected = (
        one.image(pixels)[0] for one in (transform, replace(transform, interpolation="area"))
    )
    padding = ~transform.inside()
    assert np.array_equal(got[padding], expected[padding])
    assert np.abs(got.mean() - expected.mean()) < 0.03


def test_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InstallError, match="opencv"):
        resized(GRAY.astype(np.float32), (4, 4), "cv2_area", eight_bit=True)
