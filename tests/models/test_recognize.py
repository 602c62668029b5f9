"""Architectures from tensors: exact shapes, the right head, and rivals that are named."""

import json
from importlib.resources import files

import pytest
import torch
from safetensors.torch import save_file

from xaudit.models.architectures import build_network
from xaudit.models.known import Known, known_with, signature_of
from xaudit.models.recognize import recognize


def weights(tmp_path, architecture, prefix="", extra=None, **arguments):
    """A file as safetensors sorts it: the first tensor of four axes is not the first layer."""
    state = build_network(architecture, arguments).state_dict()
    state = {prefix + name: tensor.contiguous() for name, tensor in state.items()}
    save_file(state | (extra or {}), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize(
    ("architecture", "given", "channels", "outputs"),
    [
        ("xaudit.models.reference:small_cnn", {"channels": 1}, 1, 1),
        ("xaudit.models.reference:small_cnn", {"channels": 3, "num_classes": 4}, 3, 4),
        ("torchvision:convnext_tiny", {"num_classes": 2}, 3, 2),
        ("torchvision:inception_v3", {"num_classes": 3}, 3, 3),
        ("torchvision:squeezenet1_1", {"num_classes": 2}, 3, 2),
        ("timm:mobilenetv3_small_050", {"num_classes": 1, "in_chans": 1}, 1, 1),
        ("timm:convnext_atto", {"num_classes": 1000}, 3, 1000),
    ],
)
def test_an_architecture_is_named_with_arguments_that_give_these_tensors(
    architecture, given, channels, outputs, tmp_path
):
    path = weights(tmp_path, architecture, **given)
    seen = recognize(path)
    assert (seen.architecture, seen.channels, seen.outputs) == (architecture, channels, outputs)
    built = build_network(seen.architecture, seen.arguments).state_dict()
    wanted = build_network(architecture, given).state_dict()
    assert {name: one.shape for name, one in built.items()} == {
        name: one.shape for name, one in wanted.items()
    }


def test_those_with_the_same_logits_and_those_with_others_are_told_apart(tmp_path):
    seen = recognize(weights(tmp_path, "torchvision:resnet18", num_classes=2))
    assert (seen.architecture, seen.outputs) == ("torchvision:resnet18", 2)
    assert seen.alike == ("timm:resnet18",)
    # It blurs before it strides, without a parameter.
    assert seen.rivals == ("timm:resnetblur18",)


@pytest.mark.parametrize(("scale", "bias"), [(1e-5, 0.0), (1e-3, 5.0)])
def test_tiny_logits_are_told_apart_too(tmp_path, scale, bias):
    """Untrained networks say nearly the same of everything."""
    state = build_network("torchvision:resnet18", {"num_classes": 1}).state_dict()
    state["fc.weight"] *= scale
    state["fc.bias"].fill_(bias)
    save_file(state, tmp_path / "w.safetensors")
    seen = recognize(tmp_path / "w.safetensors")
    assert "timm:resnetblur18" in seen.rivals


def test_torchvision_does_not_build_one_channel_and_is_not_proposed(tmp_path):
    seen = recognize(weights(tmp_path, "timm:resnet18", in_chans=1, num_classes=2))
    assert (seen.architecture, seen.arguments["in_chans"]) == ("timm:resnet18", 1)


def test_prefixes_are_found_and_one_that_leaves_entries_out_is_declared(tmp_path):
    reference = "xaudit.models.reference:small_cnn"
    assert recognize(weights(tmp_path, reference, "module.")).prefix is None
    extra = {"criterion.weight": torch.ones(2)}
    seen = recognize(weights(tmp_path, reference, "model.", extra))
    assert (seen.architecture, seen.prefix) == (reference, "model.")


def test_of_unknown_tensors_nothing_is_claimed(tmp_path):
    save_file({"conv.weight": torch.zeros(64, 64, 3, 3)}, tmp_path / "w.safetensors")
    seen = recognize(tmp_path / "w.safetensors")
    assert (seen.architecture, seen.channels, seen.outputs) == (None, None, None)


def test_states_of_a_file_are_told(tmp_path):
    state = build_network("xaudit.models.reference:small_cnn", {}).state_dict()
    torch.save({"state_dict": state, "state_dict_ema": state}, tmp_path / "w.pt")
    assert recognize(tmp_path / "w.pt").keys == ("state_dict", "state_dict_ema")


def test_the_table_holds_both_libraries_and_reads_back():
    table = json.loads(
        (files("xaudit.models") / "known_architectures.json").read_text(encoding="utf-8")
    )
    entries = [one for several in table.values() for one in several]
    assert sum(one.startswith("timm:") for one in entries) > 1300
    assert sum(one.startswith("torchvision:") for one in entries) > 75
    assert len(set(entries)) == len(entries)
    assert all(Known.of(one).text == one for one in entries)


def test_signatures_go_by_names_alone():
    names = ["b.weight", "a.weight", "a.num_batches_tracked"]
    assert signature_of(names) == signature_of(["a.weight", "b.weight"])
    assert signature_of(names) != signature_of(["a.weight"])
    assert known_with(names) == ()
