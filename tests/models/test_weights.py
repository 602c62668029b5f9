"""Names and prefixes: what of a file a network receives, and what is refused."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from xaudit.core.detector import Taken
from xaudit.errors import DetectorError
from xaudit.models.files.checkpoint import read_stored
from xaudit.models.weights import load_weights


class Wrapped(nn.Module):
    """A network whose one child has the name of a usual prefix."""

    def __init__(self, child):
        super().__init__()
        setattr(self, child, nn.Linear(3, 2))


def load(network, state, tmp_path, key=None, prefix=None, leave_out=()):
    torch.save(state, tmp_path / "w.pt")
    stored = read_stored(tmp_path / "w.pt", key)
    return load_weights(network, stored, prefix, "w.pt into it", leave_out)


def with_prefix(prefix, network):
    return {prefix + name: tensor for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("child", ["model", "net", "module", "_orig_mod", "encoder"])
def test_a_class_loads_its_own_file_whatever_its_child_is_called(child, tmp_path):
    source, target = Wrapped(child), Wrapped(child)
    assert load(target, source.state_dict(), tmp_path) == Taken()
    assert torch.equal(getattr(target, child).weight, getattr(source, child).weight)


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.model.", "anything.at.all."])
def test_a_shared_prefix_comes_off_where_names_fit_afterwards(prefix, tmp_path):
    source, target = Wrapped("model"), Wrapped("model")
    assert load(target, with_prefix(prefix, source), tmp_path) == Taken(prefix=prefix)
    assert torch.equal(target.model.weight, source.model.weight)


def test_a_prefix_stays_where_names_would_not_fit_either_way(tmp_path):
    with pytest.raises(DetectorError, match=r"missing: weight, bias; unexpected: model\.other"):
        load(nn.Linear(3, 2), {"model.other": torch.zeros(2, 3)}, tmp_path)


def test_a_refusal_names_the_prefix_that_would_fit_and_the_declared_one_is_taken(tmp_path):
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    others = {f"criterion.{name}": torch.ones(2) for name in "abc"}
    state = with_prefix("model.", source) | others
    expected = (
        r"weights_prefix: model\. would fit \(3 other entries criterion\.\* would be left out\)"
    )
    with pytest.raises(DetectorError, match=expected):
        load(target, state, tmp_path)
    taken = load(target, state, tmp_path, prefix="model.")
    assert taken == Taken(prefix="model.", left_out=tuple(others))
    assert torch.equal(target.weight, source.weight)
    assert "prefix model. taken off; 3 entries left out: criterion.a" in taken.described


def test_of_two_prefixes_that_fit_none_is_chosen(tmp_path):
    state = with_prefix("student.", nn.Linear(3, 2)) | with_prefix("teacher.", nn.Linear(3, 2))
    with pytest.raises(
        DetectorError, match=r"prefix: student\. would .*or .*prefix: teacher\. wou"
    ):
        load(nn.Linear(3, 2), state, tmp_path)


def test_a_declared_prefix_is_never_guessed_around(tmp_path):
    network = nn.Linear(3, 2)
    with pytest.raises(DetectorError, match="names fit as they are: leave weights_prefix out"):
        load(network, network.state_dict(), tmp_path, prefix="model.")


def test_integers_of_a_quantized_file_are_not_read_as_weights(tmp_path):
    state = {"weight": torch.ones(2, 3, dtype=torch.int8), "bias": torch.zeros(2)}
    with pytest.raises(DetectorError, match=r"other kind of number: weight torch\.int8"):
        load(nn.Linear(3, 2), state, tmp_path)


def test_of_several_folds_each_thing_is_named_once():
    one, other = Taken("ema", "model.", ("a",), ("b",)), Taken("ema", "", ("a", "c"), ("b",))
    assert Taken.together([one, one]) == one
    assert Taken.together([one, other]) == Taken("ema", "model. / ", ("a", "c"), ("b",))


@pytest.mark.parametrize(
    ("wanted", "others", "told", "leave_out"),
    [
        ("", ["criterion.weight"], r"weights_leave_out: \[criterion\.\] would fit", "criterion."),
        ("", ["scale"], r"weights_leave_out: \[scale\] would fit", "scale"),
        ("", ["ema.weight", "ema.bias"],
         r"weights_leave_out: \[ema\.\] would .*or weights_prefix: ema\. would", "ema."),
        ("model.", ["model.ema.weight", "model.ema.bias"],
         r"weights_prefix: model\. with weights_leave_out: \[model\.ema\.\] would fit; or "
         r"weights_prefix: model\.ema\. would", "model.ema."),
    ],
)  # fmt: skip
def test_entries_beside_the_weights_are_left_out_by_name(wanted, others, told, leave_out, tmp_path):
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    state = with_prefix(wanted, source) | {
        name: torch.zeros_like(source.bias if name.endswith("bias") else source.weight)
        for name in others
    }
    with pytest.raises(DetectorError, match=told):
        load(target, state, tmp_path)
    taken = load(target, state, tmp_path, leave_out=[leave_out])
    assert taken == Taken(prefix=wanted, left_out=tuple(others))
    assert torch.equal(target.weight, source.weight)


def test_left_out_is_only_what_has_that_name(tmp_path):
    network = nn.Linear(3, 2)
    for typo in ("wei", "criterion."):
        with pytest.raises(DetectorError, match=f"no entry is called or begins with {typo}"):
            load(network, network.state_dict(), tmp_path, leave_out=[typo])
    with pytest.raises(DetectorError, match="missing: bias"):
        load(network, network.state_dict(), tmp_path, leave_out=["bias"])


def test_a_family_of_which_something_is_taken_is_left_out_entry_by_entry(tmp_path):
    network = nn.Sequential(nn.Linear(3, 2))
    state = network.state_dict() | {"0.scale": torch.ones(2)}
    with pytest.raises(DetectorError, match=r"weights_leave_out: \[0\.scale\] would fit"):
        load(network, state, tmp_path)
    assert load(network, state, tmp_path, leave_out=["0.scale"]).left_out == ("0.scale",)


class OfKernels(nn.Module):
    """A class of torch that calls its tensors as TensorFlow does."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(2, 3))


@pytest.mark.parametrize("name", ["dense/kernel:0", "params.dense.kernel"])
def test_names_of_another_framework_are_told_where_they_do_not_fit(name, tmp_path):
    save_file({name: torch.zeros(2, 3)}, tmp_path / "w.st")
    stored = read_stored(tmp_path / "w.st")
    with pytest.raises(DetectorError, match="looks like a file of TensorFlow or Flax"):
        load_weights(nn.Linear(3, 2), stored, None, "w.st")
    save_file({"kernel": torch.zeros(2, 3)}, tmp_path / "w.st")
    network = OfKernels()
    assert load_weights(network, read_stored(tmp_path / "w.st"), None, "w.st") == Taken()
    assert not network.kernel.any()
