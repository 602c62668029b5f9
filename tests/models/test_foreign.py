"""Factories and networks that raise whatever they like: always a sentence, never an exit."""

import sys
import urllib.error

import pytest
import torch
from torch import nn

from xaudit import commands
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError, ExitCode
from xaudit.models.architectures import build_network
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec

NAME = "own_networks:factory"
RAISED = [
    TypeError("t"), KeyError("k"), IndexError("i"), AttributeError("a"), ZeroDivisionError("z"),
    StopIteration("s"), MemoryError(), RuntimeError("r"), FileNotFoundError(2, "gone"),
    urllib.error.URLError("no net"), SystemExit(0), NotImplementedError("n"),
]  # fmt: skip


class Raising(nn.Module):
    """One weight; what `forward` does is given."""

    def __init__(self, act):
        super().__init__()
        self.head = nn.Linear(1, 1)
        self.act = act

    def forward(self, x):
        self.act(x)
        return self.head(x.mean((1, 2, 3))[:, None])


class Masked(Raising):
    def forward(self, x, mask):
        return self.head(x)


class ByName(Raising):
    def forward(self, *, pixel_values):
        return self.head(pixel_values)


def throw(error):
    raise error


@pytest.fixture
def own(monkeypatch, tmp_path):
    """A module whose `factory` is given, and a detector of it."""
    module = type(sys)("own_networks")
    monkeypatch.setitem(sys.modules, "own_networks", module)
    torch.save(Raising(print).state_dict(), tmp_path / "w.pt")

    def detector(factory):
        module.factory = factory
        spec = InputSpec(8, 8, channels=1)
        return load_detector(
            DetectorSpec("d", "1", NAME, tmp_path / "w.pt", spec, allow_code=(NAME,))
        )

    return detector


@pytest.mark.parametrize("error", RAISED, ids=lambda one: type(one).__name__)
def test_whatever_a_factory_raises_is_a_sentence(own, error):
    with pytest.raises(DetectorError, match=f"cannot be built with {{}}: {type(error).__name__}"):
        own(lambda: throw(error))


@pytest.mark.parametrize("error", RAISED, ids=lambda one: type(one).__name__)
def test_whatever_a_network_raises_is_a_sentence(own, error):
    with pytest.raises(DetectorError, match=f"input of 1 x 8 x 8.*{type(error).__name__}"):
        own(lambda: Raising(lambda _: throw(error)))


@pytest.mark.parametrize("network", [Masked(print), ByName(print), Raising(lambda x: x["logits"])])
def test_a_network_that_is_called_otherwise_needs_a_wrapper(own, network):
    with pytest.raises(DetectorError, match="name a factory of your own that wraps it"):
        own(lambda: network)


def test_a_network_that_fails_later_is_a_sentence(own):
    detector = own(lambda: Raising(lambda x: len(x) > 1 and sys.exit(0)))
    with pytest.raises(DetectorError, match="failed on an input of 2 x 1 x 8 x 8: SystemExit"):
        detector.module(torch.zeros(2, 1, 8, 8))


def test_ctrl_c_passes_through(own):
    with pytest.raises(KeyboardInterrupt):
        own(lambda: throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        own(lambda: Raising(lambda _: throw(KeyboardInterrupt())))


def test_a_module_that_exits_while_it_is_imported(monkeypatch, tmp_path):
    (tmp_path / "own_exit.py").write_text("import sys; sys.exit(0)", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DetectorError, match="cannot be imported: SystemExit"):
        build_network("own_exit:f", {}, ("own_exit:f",))


def lazy():
    network = Raising(print)
    network.head = nn.LazyLinear(1)
    return network


def test_networks_without_sizes_or_memory(own):
    with pytest.raises(DetectorError, match=r"layers without a size yet .*head\.weight"):
        own(lazy)
    with pytest.raises(DetectorError, match=r"device meta\): head\.weight"):
        own(lambda: Raising(print).to("meta"))


@pytest.mark.parametrize(
    ("value", "told"),
    [(torch.ones(1, 1).to_sparse(), "sparse_coo"), (torch.ones(1, 1, device="meta"), "no values")],
)
def test_weights_without_plain_values(own, tmp_path, value, told):
    own(lambda: Raising(lambda _: None))
    torch.save({"head.weight": value, "head.bias": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(DetectorError, match=rf"sparse or empty: head\.weight .*{told}"):
        own(lambda: Raising(lambda _: None))


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [
        ("torchvision:resnet18", {"num_classes": -3}),
        ("timm:vit_tiny_patch16_224", {"img_size": -1}),
    ],
)
def test_arguments_that_a_library_cannot_build_with(architecture, arguments):
    with pytest.raises(DetectorError, match=f"{architecture}: cannot be built with"):
        build_network(architecture, arguments)


@pytest.mark.parametrize(
    ("architecture", "name", "value"),
    [
        ("timm:resnet18", "checkpoint_path", "other.pt"),
        ("timm:resnet18", "pretrained", True),
        ("timm:resnet18", "pretrained_cfg_overlay", "x"),
        ("timm:resnet18", "cache_dir", "x"),
        ("torchvision:resnet18", "weights", "DEFAULT"),
        ("torchvision:resnet18", "weights_backbone", "DEFAULT"),
        ("torchvision:resnet18", "pretrained", False),
        ("timm:resnet18", "features_only", True),
    ],
)
def test_arguments_that_load_weights_are_refused_by_name(architecture, name, value):
    with pytest.raises(
        DetectorError, match=rf"arguments\.{name}: take it out; .*detector\.weights"
    ):
        build_network(architecture, {name: value})


def test_a_command_that_foreign_code_ends_is_no_pass(monkeypatch, capsys):
    monkeypatch.setattr(commands, "app", lambda **_: sys.exit(0))
    assert commands.main([]) == ExitCode.AUDIT_FAILED
    assert "ended the program (exit 0)" in capsys.readouterr().err
