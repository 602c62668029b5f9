"""Models of LiteRT: the numbers of their formula, in batches and one by one, quantized too."""

import numpy as np
import pytest
from tflite_models import model

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.readers.litert import read
from xaudit.models.spec import OF_FORMAT, DetectorSpec

RNG = np.random.default_rng(0)
KERNEL, BIAS = RNG.normal(size=(2, 3)), RNG.normal(size=2)
PLANES = RNG.random((5, 3, 16, 12), dtype=np.float32)
EXPECTED = PLANES.mean(axis=(2, 3)) @ KERNEL.T + BIAS


@pytest.mark.parametrize("batch", [-1, 1])
def test_any_number_of_images_gets_the_numbers_of_the_formula(batch, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(model(KERNEL, BIAS, (batch, 16, 12, 3)))
    scores = read(path)
    for images in (PLANES, PLANES[:1], PLANES[:3]):
        np.testing.assert_allclose(scores(images), EXPECTED[: len(images)], atol=1e-5)


def test_whole_numbers_are_turned_as_the_model_says(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(model(KERNEL, BIAS, (1, 16, 12, 3), quantized=(1 / 128, 128)))
    # Steps of 1/128 from -1; what lies above the largest step becomes it.
    seen = np.clip(np.round(PLANES * 2 * 128), -128, 127) / 128
    expected = seen.mean(axis=(2, 3)) @ KERNEL.T + BIAS
    np.testing.assert_allclose(read(path)(PLANES * 2), expected, atol=1e-5)


def test_it_is_a_detector_of_scores_alone(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(model(KERNEL, BIAS, (-1, 16, 12, 3)))
    spec = DetectorSpec(
        name="l", version="1", architecture=OF_FORMAT.format("litert"), weights=path,
        input=InputSpec(16, 12, color="rgb", mean=(0.0,), std=(1.0,)),
        output=OutputSpec("two_logits", 1), format="litert",
    )  # fmt: skip
    detector = load_detector(spec)
    assert detector.capabilities == frozenset()
    np.testing.assert_allclose(detector.logits(PLANES), EXPECTED @ [-1, 1], atol=1e-5)


def test_another_size_and_a_damaged_file_are_told(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(model(KERNEL, BIAS, (-1, 16, 12, 3)))
    spec = DetectorSpec(
        name="l", version="1", architecture=OF_FORMAT.format("litert"), weights=path,
        input=InputSpec(24, 12, mean=(0.0,), std=(1.0,)), output=OutputSpec("two_logits", 1),
        format="litert",
    )  # fmt: skip
    with pytest.raises(DetectorError, match=r"does not take an input of 1 x 24 x 12"):
        load_detector(spec)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DetectorError, match="cannot be read as litert"):
        load_detector(spec)
