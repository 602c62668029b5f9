"""The states that a file of weights holds, without running code from it."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError
from xaudit.models.files.file_kinds import checkpoint_format
from xaudit.models.files.misnamed_files import PREDICTIONS, Stranger
from xaudit.models.files.pickles import foreign_globals

State = dict[str, torch.Tensor]

TOP = "."
"""How the tensors that lie in a file without a key above them are named."""
_DEEP = 32
_MANY = 1_000_000
# So often one object is looked at: a file may hold a list a million times in itself.
_SHARED = 4
_HOLDERS = (Mapping, list, tuple)
_OPTIMIZER = {"state", "param_groups"}
_OTHERS = {"tf": "TensorFlow", "flax": "Flax", "jax": "JAX", "mlx": "MLX"}
_OF_KERAS = re.compile(r"(:0|\bkernel|\bmoving_mean|\bmoving_variance)$")


@dataclass(frozen=True, slots=True)
class StoredState:
    """One state of a file.

    Attributes:
        key: under which it lies, dotted; `TOP` where the file is that state.
        tensors: name → tensor, as they stand in the file.
        beside: keys of the other states of the file.
        looks: like a file of another framework, by its names alone; empty if it does not.
    """

    key: str
    tensors: State
    beside: tuple[str, ...] = ()
    looks: str = ""


def read_stored(path: Path, key: str | None = None) -> StoredState:
    """Read safetensors, or what ``torch.save`` wrote, through torch's restricted unpickler.

    Args:
        path: whatever its suffix says.
        key: of the state that is wanted, dotted; None where the file holds one.

    Raises:
        DetectorError: the file is missing, no checkpoint, damaged, holds more than tensors or
            several states of which none is named; says which there are.
    """
    states = read_states(path)
    listed = "; ".join(f"{printable(state.key)} ({_size(state.tensors)})" for state in states)
    if key is None and len(states) > 1:
        raise DetectorError(
            f"{path}: holds {len(states)} states: {listed}. Say which one is audited "
            "(detector.weights_key)"
        )
    wanted = [state for state in states if key in {None, state.key}]
    if len(wanted) != 1:
        raise DetectorError(f"{path}: detector.weights_key {key!r}: no such state; it has {listed}")
    return wanted[0]


def read_states(path: Path) -> tuple[StoredState, ...]:
    """Every state that a file holds; at least one.

    Args:
        path: whatever its suffix says.

    Raises:
        DetectorError: the file is missing, no checkpoint, damaged, holds more than tensors or
            no state at all.
    """
    if checkpoint_format(path) == "safetensors":
        states = [(TOP, _read_safetensors(path))]
    else:
        states = _states(_read_torch(path), path)
    _refuse_names(path, states)
    keys, looks = [key for key, _ in states], _looks(states[0][1])
    twice = sorted({printable(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise DetectorError(
            f"{path}: holds two states that are both called {', '.join(twice)}, once with the dot "
            "in a key and once nested, and none can be named; save the one that is audited alone"
        )
    return tuple(
        StoredState(key, state, tuple(one for one in keys if one != key), looks)
        for key, state in states
    )


def _refuse_names(path: Path, states: Sequence[tuple[str, State]]) -> None:
    """A pickle may hold halves of pairs in its text, which no file of an audit could hold."""
    try:
        for key, state in states:
            "".join((key, *state)).encode()
    except UnicodeEncodeError:
        raise DetectorError(
            f"{path}: holds a name that is no text; save the state_dict again"
        ) from None


def _size(state: State) -> str:
    values = sum(tensor.numel() for tensor in state.values())
    return f"{len(state)} tensors, {values:,} values"


def _read_safetensors(path: Path) -> State:
    try:
        with safe_open(path, framework="pt") as file:
            framework = _OTHERS.get((file.metadata() or {}).get("format", "").lower())
            if framework is None:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # damaged bytes raise nearly anything
        raise DetectorError(
            f"{path}: is not a safetensors file that can be read: {error}; copy it again"
        ) from None
    stranger = Stranger(f"a safetensors file of {framework}", PREDICTIONS)
    raise DetectorError(stranger.sentence(path))


def _looks(state: State) -> str:
    """Names of TensorFlow and Flax; a class of torch may have them too, so it has to fit first."""
    if any(name.endswith("weight") for name in state) or not any(map(_OF_KERAS.search, state)):
        return ""
    return f"it looks like a file of TensorFlow or Flax: {PREDICTIONS}"


def _read_torch(path: Path) -> object:
    _refuse_changed_bytes(path)
    try:
        # Opened here: given a path, torch goes by the suffix.
        with path.open("rb") as file, warnings.catch_warnings():
            # What torch advises here is for those who trust the file.
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DetectorError(_more_than_tensors(path)) from None
    except Exception as error:  # damaged bytes raise nearly anything
        raise DetectorError(
            f"{path}: is not a checkpoint of torch that can be read, it is damaged "
            f"({type(error).__name__}); copy it again"
        ) from None


def _refuse_changed_bytes(path: Path) -> None:
    """Torch does not look at the checksums in its own files, and a changed weight is a number."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except Exception as error:  # damaged bytes raise nearly anything
        bad = str(error) or type(error).__name__
    if bad is not None:
        raise DetectorError(
            f"{path}: is not a checkpoint of torch that can be read, it is damaged: its checksums "
            f"do not hold ({bad!a}); copy it again"
        )


def _more_than_tensors(path: Path) -> str:
    names = _called(path)
    holds = f" ({', '.join(names)})" if names else ""
    return (
        f"{path}: holds more than tensors{holds}, and loading it would run its code, or it is "
        "damaged. Save the state_dict alone (torch.save(model.state_dict(), ...)) or safetensors"
    )


def _called(path: Path) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            inner = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(inner) as file:
                return foreign_globals(file)
    except Exception:  # no archive, or a damaged one: what it calls is not known
        return ()


def _states(content: object, path: Path) -> list[tuple[str, State]]:
    """Every mapping or list of tensors with its dotted key; at least one."""
    kinds: dict[str, None] = {}
    found = []
    for place, tensors, alone in _walk(content):
        if _is_state(tensors, alone=alone):
            found.append((".".join(place) or TOP, tensors))
        kinds |= dict.fromkeys(str(tensor.dtype) for tensor in tensors.values() if tensor.ndim > 1)
    if not found:
        held = f"; its tensors are {', '.join(kinds)}, not floats" if kinds else ""
        raise DetectorError(
            f"{path}: expected a state_dict (name → tensor of floats), or one under a key{held}"
        )
    return found


def _walk(content: object) -> Iterator[tuple[tuple[str, ...], State, bool]]:
    """Place, own tensors, and whether there is nothing else, of what holds tensors.

    Places near the top come first: what is nested too deeply or comes too late in a very long
    file (logs) is passed over.
    """
    place: tuple[str, ...] = ()
    waiting = deque([(place, content)] if isinstance(content, _HOLDERS) else ())
    looked_at: Counter[int] = Counter()
    for _ in range(_MANY):
        if not waiting:
            return
        place, one = waiting.popleft()
        items = _items(one)
        tensors = {str(name): part for name, part in items if isinstance(part, torch.Tensor)}
        if tensors:
            yield place, tensors, len(tensors) == len(one)
        if len(place) < _DEEP:
            inner = [(name, part) for name, part in items if isinstance(part, _HOLDERS)]
            for name, part in inner:
                looked_at[id(part)] += 1
                if looked_at[id(part)] <= _SHARED:
                    waiting.append(((*place, str(name)), part))


def _items(holder: Mapping[object, object] | Sequence[object]) -> list[tuple[object, object]]:
    if isinstance(holder, Mapping):
        # What an optimizer remembers of each parameter has its shape and is no weight.
        return [] if holder.keys() >= _OPTIMIZER else list(holder.items())
    return list(enumerate(holder))


def _is_state(tensors: State, *, alone: bool) -> bool:
    """Weights, not a tensor or two of figures (a score, a mean) or a generator's state."""
    least = 1 if alone else 2
    return any(
        tensor.ndim >= least and (tensor.is_floating_point() or tensor.is_complex())
        for tensor in tensors.values()
    )
