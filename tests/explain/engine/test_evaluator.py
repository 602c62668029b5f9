import numpy as np
import pytest
import torch

from xaudit.explain.engine import evaluator as module
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Pass


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
    evaluator.logits(images(9))
    evaluator.gradients(images(3))
    assert (evaluator.cost.forward, evaluator.cost.backward) == (12, 3)


def test_what_libraries_pass_is_counted(conv):
    evaluator = Evaluator(conv, 4)
    with evaluator.counted() as cost:
        evaluator.module(torch.from_numpy(images(5)))
        evaluator.module(torch.from_numpy(images(2)).requires_grad_(True))
    assert (cost.forward, cost.backward) == (7, 2)
    assert (evaluator.cost.forward, evaluator.cost.backward) == (7, 2)


def test_micro_batch_is_halved_when_memory_runs_out(conv, monkeypatch):
    expected = conv.logits(images(9))
    forward = conv.module.forward

    def scarce(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("too much")
        return forward(batch)

    monkeypatch.setattr(conv.module, "forward", scarce)
    evaluator = Evaluator(conv, 8)
    np.testing.assert_allclose(evaluator.logits(images(9)), expected, atol=1e-5)
    assert evaluator.micro_batch == 2


def test_memory_that_runs_out_for_one_image_is_an_error(conv, monkeypatch):
    def hopeless(batch):
        raise torch.OutOfMemoryError("too much")

    monkeypatch.setattr(conv.module, "forward", hopeless)
    with pytest.raises(torch.OutOfMemoryError):
        Evaluator(conv, 4).logits(images(2))


@pytest.mark.parametrize("gradients", [False, True])
def test_weighted_sums_are_those_of_single_gradients(conv, gradients):
    batch, weights = images(11), np.random.default_rng(1).normal(size=(3, 11))
    evaluator = Evaluator(conv, 4)
    single = evaluator.gradients(batch)
    answer, _ = evaluator.answer([
        Pass(Images(batch), gradients=True, weights=weights),
        Pass(Images(batch), gradients=gradients),
    ])  # fmt: skip
    np.testing.assert_allclose(answer.gradients, np.tensordot(weights, single, 1), atol=1e-6)


def test_features_and_their_gradients(conv):
    batch = images(5)
    evaluator = Evaluator(conv, 3)
    (only,) = evaluator.answer([Pass(Images(batch), features=True)])
    (both,) = evaluator.answer([Pass(Images(batch), features=True, gradients=True)])
    activations = conv.module.features(torch.from_numpy(batch)).detach().requires_grad_(True)
    logits = conv.module.head(activations.mean(dim=(2, 3))).sum()
    (slopes,) = torch.autograd.grad(logits, activations)
    for answer in (only, both):
        np.testing.assert_allclose(answer.features.activations, activations.detach(), atol=1e-5)
        np.testing.assert_allclose(answer.features.gradients, slopes, atol=1e-6)
    np.testing.assert_allclose(both.gradients, evaluator.gradients(batch), atol=1e-6)


def test_batch_norms_are_folded_and_the_detector_is_as_before(conv):
    before = {name: type(one) for name, one in conv.module.named_modules()}
    evaluator = Evaluator(conv)
    kinds = [type(one) for one in evaluator.module.modules()]
    assert torch.nn.BatchNorm2d not in kinds
    assert {name: type(one) for name, one in conv.module.named_modules()} == before


def test_the_number_of_images_at_once_is_probed(conv):
    evaluator = Evaluator(conv)
    assert set(evaluator.sizes) == {"forward", "backward"}
    assert min(evaluator.sizes.values()) >= 1
    assert evaluator.micro_batch == evaluator.sizes["forward"]


def test_an_audit_that_goes_on_takes_up_its_batches(conv, monkeypatch):
    evaluator = Evaluator(conv)
    evaluator.sizes = {"forward": 3, "backward": 2}
    sizes = []
    run = module.run_batch

    def spy(forward, layer, batch, wanted):
        sizes.append((wanted.backward, len(batch)))
        return run(forward, layer, batch, wanted)

    monkeypatch.setattr(module, "run_batch", spy)
    evaluator.logits(images(4))
    evaluator.gradients(images(3))
    assert sizes == [(False, 3), (False, 1), (True, 2), (True, 1)]


def test_other_errors_are_not_swallowed(conv, monkeypatch):
    def broken(batch):
        raise RuntimeError("something else")

    monkeypatch.setattr(conv.module, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        Evaluator(conv).logits(images(2))
