"""TorchScript: scores and gradients are those of the network; nothing of it may be watched."""

import copy
import warnings

import numpy as np
import pytest
import torch
from programs import KINDS, Counted, Plain, awake, images, saved
from torch import nn

from xaudit.errors import DetectorError
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.plausibility import ask

HOWS = ("traced", "scripted", "frozen")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_gradients_are_those_of_the_network(kind, how, detector, expected):
    made, pictures = detector(kind, how), images()
    logits, gradients = expected(kind, pictures)
    np.testing.assert_allclose(made.logits(pictures.numpy()), logits, rtol=1e-5, atol=1e-6)
    assert made.capabilities == {"gradients"}
    evaluator = Evaluator(made, 2)
    np.testing.assert_allclose(evaluator.logits(pictures.numpy()), logits, rtol=1e-5, atol=1e-6)
    found = evaluator.gradients(pictures.numpy())
    np.testing.assert_allclose(found, gradients, rtol=1e-3, atol=1e-5 * np.abs(gradients).max())
    count = sum(one.numel() for one in awake(kind).parameters())
    assert made.parameter_count == (None if how == "frozen" else count)


def test_the_same_call_has_the_same_digits_however_often_it_was_made(detector):
    made = detector(Plain, "scripted")
    first, *others = (made.logits(images().numpy()) for _ in range(5))
    assert all((first == other).all() for other in others)


def test_tracing_may_fix_the_number_of_images(detector, expected):
    """`expand(len(images), -1, -1)` of a network becomes the number two (torch 2.13)."""
    pictures = images()
    with pytest.raises(DetectorError, match="does not take an input of"):
        detector(Counted, "traced")
    made = detector(Counted, "traced", arguments={"batch": 2})
    logits, gradients = expected(Counted, pictures)
    np.testing.assert_allclose(made.logits(pictures.numpy()), logits, rtol=1e-5, atol=1e-6)
    found = Evaluator(made, 3).gradients(pictures.numpy())
    np.testing.assert_allclose(found, gradients, rtol=1e-3, atol=1e-5 * np.abs(gradients).max())


def test_layers_cannot_be_watched(detector, program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program_of = torch.jit.load(program(Plain, "scripted"))
    with pytest.raises(RuntimeError, match="not supported on ScriptModules"):
        program_of.features.register_forward_hook(print)
    assert detector(Plain, "scripted").target_layer is None
    with pytest.raises(DetectorError, match=r"detector\.target_layer 'features': no layer"):
        detector(Plain, "scripted", target_layer="features")


def test_parameters_are_drawn_anew_as_in_the_network(detector):
    made, pictures = detector(Plain, "scripted"), images().numpy()
    before = made.logits(pictures)
    layers = layers_from_top(made)
    assert layers == ("network.head", "network.features.3", "network.features.1",
                      "network.features.0")  # fmt: skip
    twins = [randomized(made, layers, 1), randomized(detector(Plain, "dynamic"), layers, 1)]
    other, exported = (twin.logits(pictures) for twin in twins)
    assert np.abs(other - before).min() > 1e-3
    np.testing.assert_allclose(other, exported, rtol=1e-4)
    assert (made.logits(pictures) == before).all()
    assert layers_from_top(detector(Plain, "frozen")) == ()


def test_a_copy_has_tensors_of_its_own(detector):
    module = detector(Plain, "traced").module
    twin = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert not twin(images(1)).any()
    assert module(images(1)).all()


def test_numbers_of_half_precision_are_called_as_such(detector, tmp_path):
    path = saved(awake(Plain).half(), "scripted", tmp_path / "half.pt")
    made = detector(Plain, "scripted", path)
    whole = awake(Plain)(images())[:, 0].detach().numpy()
    np.testing.assert_allclose(made.logits(images().numpy()), whole, rtol=0.05, atol=0.01)


class Cut(Plain):
    """Half of its features are cut off from the images."""

    def forward(self, images):
        features = self.features(images)
        cut = features[:, :4].detach()
        return self.head(self.pool(torch.cat([cut, features[:, 4:]], dim=1)).flatten(1))


def test_gradients_that_are_not_those_of_the_score_are_not_offered(detector, tmp_path):
    path = saved(awake(Cut), "scripted", tmp_path / "cut.pt")
    assert detector(Plain, "scripted", path).capabilities == frozenset()


@pytest.mark.parametrize("kind", [nn.Dropout, nn.BatchNorm2d])
def test_a_traced_program_in_training_mode_is_noticed(kind, detector, tmp_path):
    """`.eval()` does not reach what tracing wrote down (torch 2.13)."""
    network = awake(Plain)
    for part in network.modules():
        part.train(isinstance(part, kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = tmp_path / "training.pt"
        torch.jit.save(torch.jit.trace(network, images(2), check_trace=False), path)
    made = detector(Plain, "traced", path)
    answers = ask(made, images(8).numpy())
    other = answers.again if kind is nn.Dropout else answers.alone
    assert np.abs(answers.logits - other).max() > 1e-3


def test_what_is_no_program_is_one_sentence(detector, tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(DetectorError, match="cannot be read: No such file"):
        detector(Plain, "traced", path)
    path.write_bytes(b"text")
    with pytest.raises(DetectorError, match="is not a TorchScript program that can be read"):
        detector(Plain, "traced", path)
    torch.save(awake(Plain).state_dict(), path)
    with pytest.raises(DetectorError, match=r"is not a TorchScript program \(torch\.jit\.save\)"):
        detector(Plain, "traced", path)


def test_a_program_optimized_for_inference_is_not_read_by_torch_itself(detector, tmp_path):
    """torch 2.13 saves what it cannot load again, where convolutions became oneDNN's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.jit.optimize_for_inference(torch.jit.script(awake(Plain)))
        torch.jit.save(program, tmp_path / "fast.pt")
    with pytest.raises(DetectorError, match="cannot be read as torchscript"):
        detector(Plain, "scripted", tmp_path / "fast.pt")
