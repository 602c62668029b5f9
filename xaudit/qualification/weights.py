"""The weights of a catalogue's detectors, made from those of the reference detector."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from xaudit.models.architectures import build_network
from xaudit.models.reference import SmallCnn
from xaudit.models.weights import load_state, read_weights
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.qualification.catalogue import Entry
from xaudit.qualification.networks import FilmReader


def write_weights(entry: Entry, seed: int, path: Path) -> None:
    """Write the weights of an entry's detector; the same bytes for the same seed.

    Args:
        entry: of the catalogue.
        seed: of what is random in them.
        path: of the safetensors file.

    Raises:
        DetectorError: the reference detector's weights are missing or damaged.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(entry.architecture, entry.arguments)
        reader = network.reader if isinstance(network, FilmReader) else network
        if entry.trained and isinstance(reader, SmallCnn):
            load_state(reader, read_weights(REFERENCE_WEIGHTS), entry.subject.id)
        if entry.noise:
            _disturb(network, entry.noise)
    save_file(network.state_dict(), path)


@torch.no_grad()
def _disturb(network: torch.nn.Module, share: float) -> None:
    for values in network.parameters():
        if values.numel() > 1:
            values.add_(share * values.std() * torch.randn_like(values))
