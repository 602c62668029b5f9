"""Weights from a file, without running code from it."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from xaudit.errors import DetectorError

State = dict[str, torch.Tensor]

_NESTED = ("state_dict", "model_state_dict", "model", "net", "weights")
_PREFIXES = ("module.", "model.", "net.", "_orig_mod.")
_SHOWN = 5


def read_weights(path: Path) -> State:
    """Read safetensors, or a state_dict through torch's restricted unpickler.

    A checkpoint that holds the state_dict under a usual key is opened, and a prefix that all
    names share (from DataParallel, Lightning, compile) is taken off.

    Args:
        path: ``.safetensors``, or what ``torch.save(model.state_dict())`` wrote.

    Raises:
        DetectorError: the file is missing, damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise DetectorError(f"{path}: no such file; expected weights (see detector.weights)")
    if path.suffix == ".safetensors":
        return _without_prefix(_read_safetensors(path))
    return _without_prefix(_state_of(_read_checkpoint(path), path))


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_state(network: torch.nn.Module, state: State, where: str) -> None:
    """Load a state_dict; every name and shape must fit.

    Args:
        network: receives the weights.
        state: name → tensor.
        where: file and architecture, for the message.

    Raises:
        DetectorError: what is missing, unexpected or of another shape.
    """
    wanted = network.state_dict()
    # Counters of batch norm have no influence on an evaluated network; old files lack them.
    missing = [name for name in wanted if name not in state and not _is_counter(name)]
    unexpected = [name for name in state if name not in wanted]
    reshaped = [
        f"{name} {tuple(state[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape
    ]
    problems = [
        f"{what}: {_some(names)}"
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("other shape", reshaped),
        )
        if names
    ]
    if problems:
        raise DetectorError(f"{where}: weights do not fit; {'; '.join(problems)}")
    network.load_state_dict(state, strict=False)


def _read_safetensors(path: Path) -> State:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise DetectorError(f"{path}: is not a safetensors file: {error}") from None


def _read_checkpoint(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DetectorError(
            f"{path}: holds more than tensors, and loading it would run its code. Save the "
            "state_dict alone (torch.save(model.state_dict(), ...)) or safetensors"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise DetectorError(f"{path}: is not a checkpoint of torch: {error}") from None


def _state_of(content: object, path: Path) -> State:
    for _ in range(3):
        if not isinstance(content, Mapping):
            break
        if content and all(isinstance(value, torch.Tensor) for value in content.values()):
            return {str(name): tensor for name, tensor in content.items()}
        content = next((content[key] for key in _NESTED if key in content), None)
    raise DetectorError(f"{path}: expected a state_dict (name → tensor), or one under {_NESTED}")


def _without_prefix(state: State) -> State:
    for prefix in _PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            return _without_prefix(
                {name.removeprefix(prefix): tensor for name, tensor in state.items()}
            )
    return state


def _is_counter(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
