"""Weights from a file into a network: every name and shape must fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch.nn.parameter import is_lazy

from xaudit.core.detector import Taken
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError
from xaudit.models.files.checkpoint import TOP, State, StoredState, read_stored
from xaudit.models.foreign import foreign_code

_SHOWN = 5


def read_weights(path: Path, key: str | None = None) -> State:
    """The tensors of a file under the names that they have there.

    Args:
        path: safetensors, or what ``torch.save`` wrote.
        key: of the state that is wanted, dotted; None where the file holds one.

    Raises:
        DetectorError: see `xaudit.models.files.checkpoint.read_stored`.
    """
    return read_stored(path, key).tensors


def load_weights(
    network: torch.nn.Module,
    stored: StoredState,
    prefix: str | None,
    where: str,
    leave_out: Sequence[str] = (),
) -> Taken:
    """Load a state of a file; a prefix that all of its names share may come off.

    Names are taken as they are where they fit. Otherwise a prefix that all share (from
    DataParallel, Lightning, compile) comes off if they fit afterwards. Entries are left out only
    under a declared prefix, or by name.

    Args:
        network: receives the weights.
        stored: from `xaudit.models.files.checkpoint.read_stored`.
        prefix: of the names to take, as declared; None to find it.
        where: file and architecture, for the message.
        leave_out: names of entries, and beginnings with their dot, as they stand in the file.

    Raises:
        DetectorError: what is missing, unexpected or of another shape, and which prefix would fit.
    """
    wanted = _wanted(network, where)
    state = {name: one for name, one in stored.tensors.items() if not _named(name, leave_out)}
    idle = [one for one in leave_out if not any(_named(name, [one]) for name in stored.tensors)]
    if idle:
        raise DetectorError(
            f"{where}: detector.weights_leave_out: no entry is called or begins with "
            f"{_some(idle)}; a beginning ends with its dot"
        )
    if prefix is None:
        prefix = next(
            (prefix for prefix in shared_prefixes(state) if _fits(state, wanted, prefix)),
            "",
        )
    advice = _advice(state, wanted, prefix) or stored.looks
    load_state(network, without_prefix(state, prefix), where, advice)
    taken = {name for name in state if name.startswith(prefix)}
    left_out = tuple(name for name in stored.tensors if name not in taken)
    key = "" if stored.key == TOP and not stored.beside else stored.key
    return Taken(key, prefix, left_out, stored.beside)


def _named(name: str, leave_out: Sequence[str]) -> bool:
    return any(name == one or (one.endswith(".") and name.startswith(one)) for one in leave_out)


def load_state(network: torch.nn.Module, state: State, where: str, advice: str = "") -> None:
    """Load a state_dict; every name and shape must fit.

    Args:
        network: receives the weights.
        state: name → tensor.
        where: file and architecture, for the message.
        advice: ends the message.

    Raises:
        DetectorError: what is missing, unexpected or of another shape.
    """
    problems = _misfits(state, _wanted(network, where))
    if problems:
        told = "; ".join([*problems, advice] if advice else problems)
        raise DetectorError(f"{where}: weights do not fit; {told}")
    with foreign_code(f"{where}: weights cannot be loaded"):
        network.load_state_dict(state, strict=False)


def _wanted(network: torch.nn.Module, where: str) -> Mapping[str, torch.Tensor]:
    """Name → tensor of the network as it was built, all of them with a shape and with values."""
    with foreign_code(f"{where}: the network does not tell its tensors"):
        wanted: Mapping[str, torch.Tensor] = network.state_dict()
        unsized = [name for name, one in wanted.items() if is_lazy(one)]
        empty = [name for name, one in wanted.items() if not is_lazy(one) and one.is_meta]
    if unsized:
        raise DetectorError(
            f"{where}: layers without a size yet (LazyLinear and its kin): {_some(unsized)}; let "
            "the factory call the network once, or give the sizes"
        )
    if empty:
        raise DetectorError(
            f"{where}: the factory builds tensors without memory (device meta): {_some(empty)}; "
            "let it build them on the CPU"
        )
    return wanted


def _misfits(state: State, wanted: Mapping[str, torch.Tensor]) -> list[str]:
    # Counters of batch norm have no influence on an evaluated network; old files lack them.
    missing = [name for name in wanted if name not in state and not _is_counter(name)]
    unexpected = [name for name in state if name not in wanted]
    both = [name for name in wanted if name in state]
    reshaped = [
        f"{name} {tuple(state[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in both
        if state[name].shape != wanted[name].shape
    ]
    # Copied into floats, the integers of a quantized file would load without a word.
    coded = [
        f"{name} {state[name].dtype}, expected {wanted[name].dtype}"
        for name in both
        if wanted[name].is_floating_point() and not state[name].is_floating_point()
    ]
    hollow = [
        f"{name} ({'no values' if state[name].is_meta else state[name].layout})"
        for name in both
        if state[name].is_meta or state[name].layout != torch.strided
    ]
    named = (("missing", missing), ("unexpected", unexpected))
    told = (
        *named,
        ("other shape", reshaped),
        ("other kind of number", coded),
        ("sparse or empty", hollow),
    )
    return [f"{what}: {_some(names)}" for what, names in told if names]


def _fits(state: State, wanted: Mapping[str, torch.Tensor], prefix: str) -> bool:
    return not _misfits(without_prefix(state, prefix), wanted)


def without_prefix(state: State, prefix: str) -> State:
    """The entries whose names begin with the prefix, without it.

    Args:
        state: name → tensor.
        prefix: with its dot; empty leaves all as they are.
    """
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }


def shared_prefixes(state: State) -> Iterator[str]:
    """None, and then the dotted beginnings that all names share, the shortest first.

    Args:
        state: name → tensor.
    """
    prefix = ""
    while True:
        yield prefix
        first = {name.removeprefix(prefix).partition(".")[::2] for name in state}
        parts = {part for part, _ in first}
        if len(parts) != 1 or any(not rest for _, rest in first):
            return
        prefix += f"{parts.pop()}."


def _advice(state: State, wanted: Mapping[str, torch.Tensor], tried: str) -> str:
    """Which declarations would fit; empty if none would."""
    if tried and _fits(state, wanted, ""):
        return "the names fit as they are: leave weights_prefix out"
    anchor = next((name for name in wanted if not _is_counter(name)), "")
    ends = {name.removesuffix(anchor) for name in state if name.endswith(anchor)}
    likely = sorted(end for end in ends if not end or end.endswith("."))
    return "; or ".join(way for one in likely if (way := _way(state, wanted, one)))


def _way(state: State, wanted: Mapping[str, torch.Tensor], prefix: str) -> str:
    """How the entries that begin so would fit: as they are, or without some; empty if not."""
    inside = without_prefix(state, prefix)
    extra = [name for name in inside if name not in wanted]
    kept = {name: one for name, one in inside.items() if name in wanted}
    if _misfits(kept, wanted):
        return ""
    families = dict.fromkeys(prefix + _beginning(name, kept) for name in extra)
    parts = [f"weights_prefix: {prefix}"] if prefix else []
    parts += [f"weights_leave_out: [{', '.join(map(printable, families))}]"] if families else []
    return f"{' with '.join(parts)} would fit{_left(state, prefix)}"


def _beginning(name: str, kept: State) -> str:
    """The shortest dotted beginning that no entry shares which is taken; else the whole name."""
    parts = name.split(".")
    starts = (".".join(parts[:count]) + "." for count in range(1, len(parts)))
    shared = (any(one.startswith(start) for one in kept) for start in starts)
    count = next((count for count, both in enumerate(shared, 1) if not both), len(parts))
    return ".".join(parts[:count]) + ("." if count < len(parts) else "")


def _left(state: State, prefix: str) -> str:
    others = [name for name in state if not name.startswith(prefix)]
    if not others:
        return ""
    kinds = dict.fromkeys(_family(name) for name in others)
    count = f"{len(others)} other {'entry' if len(others) == 1 else 'entries'}"
    return f" ({count} {_some(list(kinds))} would be left out)"


def _family(name: str) -> str:
    first, dot, _ = name.partition(".")
    return f"{first}.*" if dot else name


def _is_counter(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(printable, names[:_SHOWN])) + more
