import numpy as np
import pytest
import torch

from xaudit.explain.evaluator import Evaluator


def images(count, size=24):
    return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)


def test_logits_are_those_of_the_detector(conv):
    batch = images(11)
    np.testing.assert_allclose(Evaluator(conv).logits(batch), conv.logits(batch), atol=1e-5)


def test_gradients_of_a_linear_detector_are_its_weights(linear, weights):
    gradients = Evaluator(linear, 2).gradients(images(5))
    np.testing.assert_allclose(gradients, np.broadcast_to(weights, (5, 1, 24, 24)), rtol=1e-6)


def test_passes_are_counted(conv):
    evaluator = Evaluator(conv, 4)
    with evaluator.counted() as cost:
        evaluator.logits(images(9))
        evaluator.gradients(images(3))
    assert (cost.forward, cost.backward) == (12, 3)
    with evaluator.counted() as cost:
        evaluator.logits(images(2))
    assert (cost.forward, cost.backward) == (2, 0)


def test_micro_batch_is_halved_when_memory_runs_out(conv, monkeypatch):
    evaluator = Evaluator(conv, 8)
    forward = conv.module.forward

    def scarce(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("too much")
        return forward(batch)

    monkeypatch.setattr(conv.module, "forward", scarce)
    np.testing.assert_allclose(evaluator.logits(images(9)), conv.logits(images(9)[:3]).tolist() * 0
                               or [float(forward(torch.from_numpy(images(9)[n : n + 1])))
                                   for n in range(9)], atol=1e-5)  # fmt: skip
    assert evaluator.micro_batch == 2


def test_other_errors_are_not_swallowed(conv, monkeypatch):
    def broken(batch):
        raise RuntimeError("something else")

    monkeypatch.setattr(conv.module, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        Evaluator(conv).logits(images(2))
