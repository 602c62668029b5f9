"""A network in a box is the network: same scores, slopes, maps, draws, to the last digit."""

import copy
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.walls import sandbox_or_skip
from xaudit.core.detector import Taken
from xaudit.errors import DetectorError
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.batch_outcomes import PassPurpose, run_batch
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.load import load_detector
from xaudit.models.sandbox.load import load_declared

WANTED = [
    PassPurpose(True, True, False),
    PassPurpose(False, True, False),
    PassPurpose(True, False, False),
]
PARTS = ("logits", "gradients", "activations", "activation_gradients")


@pytest.fixture
def pair(make_spec):
    """The same detector without a box and in one."""
    sandbox_or_skip()
    return load_detector(make_spec()), load_declared(replace(make_spec(), sandbox=True))


def test_it_is_described_as_outside(pair):
    plain, boxed = pair
    for name in ("name", "input", "weights_sha256", "parameter_count", "taken", "capabilities"):
        assert getattr(plain, name) == getattr(boxed, name), name
    assert boxed.target_layer.name == plain.target_layer.name
    assert boxed.target_layer.grid == plain.target_layer.grid
    assert plain.sandbox is None
    assert "seccomp" in boxed.sandbox
    assert isinstance(boxed.taken, Taken)


def test_scores_and_slopes_are_equal_to_the_last_digit(pair, batch):
    plain, boxed = pair
    np.testing.assert_array_equal(plain.logits(batch), boxed.logits(batch))
    for wanted in WANTED:
        one, other = (
            run_batch(each.module, each.target_layer, torch.from_numpy(batch).clone(), wanted)
            for each in pair
        )
        for part in PARTS:
            expected, found = getattr(one, part), getattr(other, part)
            assert (expected is None) is (found is None), part
            if expected is not None:
                assert torch.equal(expected, found), part


def test_passes_that_are_nested_have_their_own_slopes(pair, batch):
    found = []
    for each in pair:
        images = [torch.from_numpy(one[None]).clone().requires_grad_(True) for one in batch[:2]]
        first, second = (each.module(one) for one in images)
        found.append(torch.autograd.grad(first.sum() * 2 + second.sum(), images))
    for expected, got in zip(*found, strict=True):
        assert torch.equal(expected, got)


def test_parameters_are_drawn_as_outside_and_copies_keep_apart(pair, batch):
    plain, boxed = pair
    names = layers_from_top(plain)
    assert layers_from_top(boxed) == names
    before = boxed.logits(batch)
    for layers in (names[:1], names):
        one, other = (randomized(each, layers, seed=5) for each in pair)
        np.testing.assert_array_equal(one.logits(batch), other.logits(batch))
        assert not np.array_equal(other.logits(batch), before)
        # The detector itself is another copy, and stays what it was.
        np.testing.assert_array_equal(boxed.logits(batch), before)


def test_a_copy_of_a_copy_is_told_apart_where_memory_is_used_again(pair, batch):
    images = torch.from_numpy(batch)
    for scale in (1.0, 2.0, 3.0):
        twins = []
        for each in pair:
            twin = copy.deepcopy(each.module)
            with torch.no_grad():
                for one in twin.parameters():
                    one.mul_(scale)
                twins.append(twin(images))
            del twin
        assert torch.equal(*twins)


def test_the_engine_serves_it_as_any_other(pair, batch):
    plain, boxed = (Evaluator(each) for each in pair)
    assert np.abs(plain.logits(batch) - boxed.logits(batch)).max() < 1e-5


def test_a_target_layer_that_is_changed_is_refused(pair, batch):
    _, boxed = pair
    with (
        boxed.target_layer.passing(lambda output: output * 2),
        torch.enable_grad(),
        pytest.raises(DetectorError, match="changes what the target layer returns"),
    ):
        boxed.module(torch.from_numpy(batch))


def test_parameters_that_change_below_a_pass_are_noticed(pair, batch):
    _, boxed = pair
    images = torch.from_numpy(batch).clone().requires_grad_(True)
    twin = copy.deepcopy(boxed.module)
    made = twin(images)
    boxed.logits(batch)
    with torch.no_grad():
        next(twin.parameters()).add_(1)
    with pytest.raises(RuntimeError, match="parameters were changed"):
        torch.autograd.grad(made.sum(), images)


def test_the_process_ends_with_the_network(make_spec, batch):
    sandbox_or_skip()
    boxed = load_declared(replace(make_spec(), sandbox=True))
    images = torch.from_numpy(batch).clone().requires_grad_(True)
    torch.autograd.grad(boxed.module(images).sum(), images)
    program = boxed.module.network._xaudit_box._program
    assert program.runs
    ended = weakref.ref(program)
    del boxed, program
    assert ended() is None
