import numpy as np
import torch

from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.penultimate import LARGEST, last_layer


def images(count, size=24):
    return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)


class Head(torch.nn.Module):
    """A network with a head of one's choice behind one convolution."""

    def __init__(self, head):
        super().__init__()
        self.unused = torch.nn.Linear(3, 3)
        self.stem = torch.nn.Conv2d(1, 6, 3, stride=2)
        self.head = head

    def forward(self, x):
        return self.head(torch.relu(self.stem(x))).flatten(1).sum(dim=1)


class Pooled(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 1)

    def forward(self, x):
        return self.linear(x.mean(dim=(2, 3)))


class Tokens(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 2)

    def forward(self, x):
        return self.linear(x.flatten(2).transpose(1, 2))


def evaluator(port, head):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Evaluator(port(Head(head()).eval().requires_grad_(False)), 4)


def expected(one, batch):
    stem = one.module.module.stem
    with torch.inference_mode():
        return torch.relu(stem(torch.from_numpy(batch))).mean(dim=(2, 3)).numpy()


def test_features_are_what_the_last_layer_reads_and_logits_stay_the_same(conv):
    batch = images(11)
    one = Evaluator(conv, 4)
    scores = one.scores(batch)
    np.testing.assert_array_equal(scores.logits, one.logits(batch))
    with torch.inference_mode():
        pooled = conv.module.features(torch.from_numpy(batch)).mean(dim=(2, 3))
        head = conv.module.head
        logits = (pooled @ head.weight.T + head.bias)[:, 0]
    np.testing.assert_allclose(scores.features, pooled.numpy(), atol=1e-5)
    np.testing.assert_allclose(scores.logits, logits.numpy(), atol=1e-5)


def test_no_pass_is_made_for_them(conv):
    one = Evaluator(conv, 4)
    one.scores(images(9))
    assert (one.cost.forward, one.cost.backward) == (9, 0)


def test_probe_for_the_size_of_batches_is_not_among_them(conv):
    assert Evaluator(conv).scores(images(5)).features.shape == (5, 8)


def test_places_and_tokens_are_averaged(port):
    batch = images(6)
    for head in (Pooled, Tokens, lambda: torch.nn.Conv2d(6, 2, 1)):
        one = evaluator(port, head)
        np.testing.assert_allclose(one.scores(batch).features, expected(one, batch), atol=1e-5)


def test_a_layer_that_is_never_called_is_not_the_last(port):
    net = Head(Pooled()).eval()
    assert last_layer(net, torch.zeros(1, 1, 24, 24)) == "head.linear"


def test_detector_without_such_layers_has_no_features(linear):
    scores = Evaluator(linear, 4).scores(images(5))
    assert scores.features is None
    assert scores.logits.shape == (5,)


def test_too_many_numbers_are_not_kept(port):
    wide = torch.nn.Sequential(torch.nn.Conv2d(6, 40, 1), torch.nn.Flatten())
    wide.append(torch.nn.Linear(40 * 11 * 11, 1))
    assert LARGEST < 40 * 11 * 11
    assert evaluator(port, lambda: wide).scores(images(3)).features is None


def test_memory_that_runs_out_costs_no_row(conv, monkeypatch):
    expected = Evaluator(conv, 4).scores(images(9)).features
    forward = conv.module.features.forward

    def scarce(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("too much")
        return forward(batch)

    monkeypatch.setattr(conv.module.features, "forward", scarce)
    found = Evaluator(conv, 8).scores(images(9)).features
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_hooks_are_taken_away(conv):
    one = Evaluator(conv, 4)
    one.scores(images(2))
    for module in (conv.module, one.module):
        assert not any(part._forward_pre_hooks for part in module.modules())
