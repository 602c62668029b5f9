import pytest
import torch
from safetensors.torch import save_file

from xaudit.core.detector import InputSpec
from xaudit.models.architectures import build_network
from xaudit.models.heads.output import OutputSpec
from xaudit.models.spec import DetectorSpec

ARCHITECTURE = "xaudit.models.reference:small_cnn"


@pytest.fixture
def network():
    return build_network(ARCHITECTURE, {})


@pytest.fixture
def saved(tmp_path, network):
    path = tmp_path / "weights.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.fixture
def make_spec(saved):
    def make(**changes):
        values = {
            "name": "d", "version": "1", "architecture": ARCHITECTURE, "weights": saved,
            "input": InputSpec(64, 48, channels=1), "output": OutputSpec(),
        }  # fmt: skip
        return DetectorSpec(**values | changes)

    return make


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.rand(3, 1, 64, 48, generator=generator).numpy()
