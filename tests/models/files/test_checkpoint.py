"""States in files: several, nested, damaged; nothing runs and nothing is guessed."""

import random
import warnings
import zipfile
from contextlib import suppress

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from xaudit.errors import DetectorError
from xaudit.models.files.checkpoint import TOP, read_states, read_stored


def state(value=0.0):
    return {"conv.weight": torch.full((2, 1, 3, 3), value), "conv.bias": torch.full((2,), value)}


def saved(content, tmp_path, **how):
    torch.save(content, tmp_path / "w.any", **how)
    return tmp_path / "w.any"


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": state(), "state_dict_ema": state(1.0)},
        {"model": state(), "model_ema": state(1.0)},
        {"model": state(), "ema": {"module": state(1.0), "updates": 3}},
        {"student": state(), "teacher": state(1.0)},
        {"nets": [state(), state(1.0)]},
        {**state(), "ema": state(1.0)},
        {"model": state(), "ema": {"shadow_params": list(state().values())}},
        {"one": state(), "other": state()},
    ],
    ids="+".join,
)
def test_several_states_are_listed_until_one_is_named(content, tmp_path):
    path = saved(content, tmp_path)
    with pytest.raises(DetectorError, match=r"holds 2 states: .*2 tensors, 20 values.*weights_key"):
        read_stored(path)


@pytest.mark.parametrize(
    ("key", "value", "beside"), [("model", 0.0, "ema.module"), ("ema.module", 1.0, "model")]
)
def test_the_named_state_is_taken(key, value, beside, tmp_path):
    path = saved({"model": state(), "ema": {"module": state(value=1.0)}}, tmp_path)
    stored = read_stored(path, key)
    assert (stored.key, stored.beside) == (key, (beside,))
    assert stored.tensors["conv.bias"].tolist() == [value, value]


def test_a_state_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(DetectorError, match=r"'ema': no such state; it has model \(2 tensors"):
        read_stored(saved({"model": state()}, tmp_path), "ema")
    save_file(state(), tmp_path / "w.safetensors")
    with pytest.raises(DetectorError, match=r"'model': no such state; it has \. \(2 tensors"):
        read_stored(tmp_path / "w.safetensors", "model")
    assert read_stored(tmp_path / "w.safetensors", TOP).beside == ()


def test_what_an_optimizer_remembers_is_no_state(tmp_path):
    network = nn.Conv2d(1, 2, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 1, 4, 4)).sum().backward()
    optimizer.step()
    lightning = {
        "state_dict": network.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "callbacks": {"best": torch.tensor(0.9)},
        "hyper_parameters": {"lr": 0.1},
        "rng": {"cpu": torch.get_rng_state()},
        "epoch": 3,
        "mean": torch.tensor([0.5, 0.5]),
    }
    stored = read_stored(saved(lightning, tmp_path))
    assert (stored.key, stored.beside) == ("state_dict", ())


def test_files_before_torch_1_6_are_read_too(tmp_path):
    path = saved(state(), tmp_path, _use_new_zipfile_serialization=False)
    assert list(read_stored(path).tensors) == ["conv.weight", "conv.bias"]


def test_a_suffix_says_nothing(tmp_path):
    save_file(state(), tmp_path / "w.pt")
    assert len(read_stored(tmp_path / "w.pt").tensors) == 2
    torch.save(state(), tmp_path / "w.safetensors")
    assert len(read_stored(tmp_path / "w.safetensors").tensors) == 2


def test_a_changed_weight_is_found_by_its_checksum(tmp_path):
    path = saved(state(1.0), tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(18).numpy().tobytes()) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(DetectorError, match="damaged: its checksums do not hold"):
        read_stored(path)


def message_of(path):
    try:
        read_stored(path)
    except DetectorError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("new", [True, False])
def test_damaged_files_are_a_message_whatever_torch_raises(new, tmp_path):
    """Bytes changed and ends cut off: refused, or, in the old format, read as what they say."""
    path = saved({"state_dict": state(1.0)}, tmp_path, _use_new_zipfile_serialization=new)
    whole, chance = path.read_bytes(), random.Random(0)
    refused = 0
    for turn in range(300):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.randrange(len(content))] if turn % 2 else content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            said = message_of(path)
        refused += bool(said)
        assert "weights_only" not in said
    assert refused >= 150


def test_a_pickled_network_is_named_and_not_run(tmp_path):
    with pytest.raises(DetectorError, match=r"more than tensors \(torch.nn.modules.conv.Conv2d"):
        read_stored(saved({"model": nn.Conv2d(1, 2, 3)}, tmp_path))


@pytest.mark.parametrize(
    ("names", "metadata", "framework"),
    [
        (["conv.weight"], {"format": "flax"}, "Flax"),
        (["conv.weight"], {"format": "tf"}, "TensorFlow"),
        (["conv.weight"], {"format": "mlx"}, "MLX"),
    ],
)
def test_safetensors_of_another_framework(names, metadata, framework, tmp_path):
    save_file({name: torch.zeros(2, 2) for name in names}, tmp_path / "w.st", metadata)
    with pytest.raises(DetectorError, match=f"is a safetensors file of {framework}, not a torch"):
        read_stored(tmp_path / "w.st")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], torch.zeros(3)])
def test_without_a_state_there_is_nothing_to_load(content, tmp_path):
    with pytest.raises(DetectorError, match="expected a state_dict"):
        read_stored(saved(content, tmp_path))


def test_what_is_nested_deeply_or_long_is_passed_over(tmp_path):
    deep = 0.5
    for _ in range(200):
        deep = {"inner": deep}
    logs = [{"step": [1, 2]} for _ in range(60_000)]
    lightning = {"hyper_parameters": deep, "logs": logs, "state_dict": state()}
    stored = read_stored(saved(lightning, tmp_path))
    assert (stored.key, stored.beside) == ("state_dict", ())
    with pytest.raises(DetectorError, match="expected a state_dict"):
        read_stored(saved({"hyper_parameters": deep}, tmp_path))


def test_what_holds_itself_ends(tmp_path):
    content = {"state_dict": state()}
    content["self"] = content
    assert len({one.key for one in read_states(saved(content, tmp_path))}) > 1


def test_two_states_of_the_same_dotted_name_are_refused(tmp_path):
    path = saved({"a.b": state(), "a": {"b": state(1.0)}}, tmp_path)
    for key in (None, "a.b"):
        with pytest.raises(DetectorError, match=r"two states that are both called a\.b"):
            read_stored(path, key)


def test_integers_are_told_and_complex_weights_are_a_state(tmp_path):
    coded = {"conv.weight": torch.ones(2, 1, 3, 3, dtype=torch.int8)}
    with pytest.raises(DetectorError, match=r"its tensors are torch\.int8, not floats"):
        read_stored(saved({"model": coded}, tmp_path))
    turned = {"conv.weight": torch.ones(2, 2, dtype=torch.complex64)}
    assert read_stored(saved(turned, tmp_path)).key == TOP


def test_every_damage_of_a_member_is_a_sentence(tmp_path):
    """Behind checksums that hold: what the unpickler and torch raise is a sentence."""
    whole = zipfile.ZipFile(saved({"model": state()}, tmp_path))
    members = {one.filename: whole.read(one) for one in whole.infolist()}
    inner = next(name for name in members if name.endswith("data.pkl"))
    path = tmp_path / "damaged.pt"
    for at in range(0, len(members[inner]), 3):
        damaged = bytearray(members[inner])
        damaged[at] ^= 0x5A
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, bytes(damaged) if name == inner else content)
        with suppress(DetectorError):
            read_states(path)


def test_a_list_that_holds_itself_many_times_ends(tmp_path):
    inner = [[] for _ in range(300)]
    for one in inner:
        one.extend(inner)
    content = {"model": state(), "log": inner}
    (found,) = read_states(saved(content, tmp_path))
    assert found.key == "model"
