"""Models outside of torch: called as they are, differentiated where they can be."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from xaudit.core.detector import Gradients, InputSpec
from xaudit.errors import DetectorError, RegistryError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, left_out, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.architectures import build_network
from xaudit.models.formats import MODEL_FORMATS, CalledNetwork
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.testing import planted_case

SEEN = InputSpec(16, 16, channels=1, mean=(0.2,), std=(0.5,))
WEIGHTS = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)


class Linear:
    """Two logits, the second a weighted sum of the pixels."""

    def __call__(self, planes):
        assert planes.flags.c_contiguous
        sums = (planes[:, 0] * WEIGHTS).sum(axis=(1, 2))
        return np.stack([np.zeros_like(sums), sums], axis=1)


class Steep(Linear):
    def gradients(self, planes, slopes):
        return np.ascontiguousarray(slopes[:, 1, None, None, None] * WEIGHTS[None, None])


class Broken:
    def __call__(self, planes):
        raise ValueError("no session")


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setattr(MODEL_FORMATS, "_things", {})
    path = tmp_path / "model.bin"
    path.write_bytes(b"any")

    def made(model, **changes):
        MODEL_FORMATS._things["any"] = lambda path, scale=1.0: model
        spec = DetectorSpec(
            "linear", "1", "format:any", path, SEEN, OutputSpec("two_logits", 1), format="any"
        )
        return load_detector(replace(spec, **changes))

    return made


def images(count=3):
    return np.random.default_rng(1).random((count, 1, 16, 16)).astype(np.float32)


def test_scores_alone_are_a_detector(load):
    detector = load(Linear())
    assert (detector.capabilities, detector.target_layer) == (frozenset(), None)
    assert detector.parameter_count is None
    expected = (((images() - 0.2) / 0.5)[:, 0] * WEIGHTS).sum(axis=(1, 2))
    np.testing.assert_allclose(detector.logits(images()), expected, rtol=1e-5)
    evaluator = Evaluator(detector, 2)
    np.testing.assert_allclose(evaluator.logits(images()), expected, rtol=1e-5)
    assert evaluator.scores(images()).features is None
    assert set(evaluator.sizes) == {"forward"}


def test_gradients_that_a_model_tells_serve_methods_of_gradients(load):
    detector = load(Steep())
    assert isinstance(Steep(), Gradients)
    assert detector.capabilities == {"gradients"}
    evaluator = Evaluator(detector, 2)
    for found in evaluator.gradients(images()):
        np.testing.assert_allclose(found[0], WEIGHTS / 0.5, rtol=1e-5)
    case = planted_case([np.eye(16, dtype=bool)], (16, 16))
    jobs = [Job(case, make_explainer("integrated_gradients", {}))]
    (outcome,) = explain_all(evaluator, jobs, Context(0))
    assert outcome.error is None
    # Of a linear model attributions add up to the change of the logit.
    assert outcome.attribution.residual.value == pytest.approx(0, abs=1e-4)


def test_a_copy_is_the_model_itself():
    network = CalledNetwork(Linear(), "any")
    assert copy.deepcopy(network) is network
    with pytest.raises(TypeError, match="expected images"):
        network("a stand-in")


def test_what_fails_is_named(load):
    with pytest.raises(DetectorError, match="ValueError: no session"):
        load(Broken())
    with pytest.raises(DetectorError, match="no such option; there is: scale"):
        load(Linear(), arguments={"size": 2})
    with pytest.raises(RegistryError, match="no model format 'other'"):
        load(Linear(), format="other")


def test_a_format_is_no_architecture():
    with pytest.raises(DetectorError, match=r"declare detector\.format: any"):
        build_network("format:any", {}, ("format:any",))


def test_methods_that_cannot_be_served_are_named():
    methods = [make_explainer(name, {}) for name in ("gradcam", "lime", "integrated_gradients")]
    expected = "features and gradients: gradcam; gradients: integrated_gradients"
    assert left_out(methods, frozenset()) == expected
    assert left_out(methods, frozenset({"gradients", "features"})) == ""
