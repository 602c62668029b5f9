import pytest
import torch

from xaudit.errors import ConfigError
from xaudit.models.device import choose_device, describe_device


@pytest.mark.parametrize(
    ("asked", "found", "device"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_a_gpu_is_taken_where_there_is_one_and_it_may(monkeypatch, asked, found, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    assert choose_device(asked).type == device


def test_a_gpu_that_is_not_there_is_a_message(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"explain\.device.*finds no GPU"):
        choose_device("cuda")


def test_the_processor_is_described_without_its_host():
    assert describe_device(torch.device("cpu")).startswith("CPU (")


def test_a_network_in_the_sandbox_computes_on_the_processor(monkeypatch):
    """Whatever the machine has: the card would name a GPU that never saw an image."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [choose_device(asked, boxed=True).type for asked in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(ConfigError, match="in the sandbox has no GPU"):
        choose_device("cuda", boxed=True)
