import numpy as np
import pytest
import torch

from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Pass
from xaudit.explain.engine.precision import BOUND, Rough
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all


class Robust(torch.nn.Module):
    """Logits that spread around zero: three digits are enough."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(576, 32), torch.nn.Linear(32, 1)

    def forward(self, x):
        return self.second(self.first(20 * (x.flatten(1) - 0.5)).relu())[:, 0]


@pytest.fixture
def robust(port):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return port(Robust().eval().requires_grad_(False))


def pixels(count, seed=0):
    return np.random.default_rng(seed).random((count, 1, 24, 24), dtype=np.float32)


def evaluator(detector, precision="bfloat16"):
    return Evaluator(detector, 8, precision)


def test_the_first_batch_is_exact_and_decides(robust):
    door = evaluator(robust)
    (answer,) = door.answer([Pass(Images(pixels(24)), rough=True)])
    exact = robust.logits(pixels(24))
    np.testing.assert_allclose(answer.logits[:8], exact[:8], atol=1e-6)
    assert door.rough.rounds == 1
    assert answer.reduced
    later = np.sqrt(np.mean((answer.logits[8:] - exact[8:]) ** 2)) / exact.std()
    assert 0 < later < 3 * BOUND
    assert 0 < door.rough.worst <= BOUND


def test_scores_and_gradients_stay_in_float32(conv):
    door = evaluator(conv)
    np.testing.assert_allclose(door.logits(pixels(24)), conv.logits(pixels(24)), atol=1e-6)
    (answer,) = door.answer([Pass(Images(pixels(24)), gradients=True, rough=True)])
    assert not answer.reduced
    assert door.rough.rounds == 0


class Delicate(torch.nn.Module):
    """Small differences of large numbers: bfloat16 has three digits."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(576, 2)

    def forward(self, x):
        one, two = self.layer(1000 + x.flatten(1)).unbind(1)
        return one - two


def test_a_detector_that_loses_too_much_is_passed_in_float32(port):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        detector = port(Delicate().eval().requires_grad_(False))
    door = evaluator(detector)
    (answer,) = door.answer([Pass(Images(pixels(24)), rough=True)])
    np.testing.assert_array_equal(answer.logits, evaluator(detector, "float32").logits(pixels(24)))
    assert not answer.reduced
    assert (door.rough.rounds, door.rough.refused) == (1, 1)


def test_a_map_says_which_format_it_used(robust, case):
    jobs = [Job(case, make_explainer("lime", {"segments": 14, "samples": 96})),
            Job(case, make_explainer("saliency", {}))]  # fmt: skip
    lime, cam = (one.attribution for one in explain_all(evaluator(robust), jobs, Context(1)))
    assert lime.params["precision"] == "bfloat16"
    assert "precision" not in cam.params
    plain, _ = (one.attribution for one in explain_all(Evaluator(robust, 8), jobs, Context(1)))
    assert "precision" not in plain.params
    assert np.linalg.norm(lime.values - plain.values) < 0.1 * np.linalg.norm(plain.values)


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="precision is one of float32, bfloat16"):
        Rough("float16")
