"""Pickles: classes and functions that one would call, read off its opcodes; nothing is loaded."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from typing import IO

_SHOWN = 3
_OPCODES = 500_000
_SURE = 1000
# What torch.save writes for a state_dict and torch.load(weights_only=True) takes.
_OF_TENSORS = ("torch._utils._rebuild_", "torch.serialization._get_layout", "collections.Ordered")
_STORAGES = ("Storage", "Size", "device", "dtype", "_tensor._rebuild_from_type_v2")


def foreign_globals(file: IO[bytes], shown: int = _SHOWN) -> tuple[str, ...]:
    """Dotted names that a pickle would import beside those of tensors, in order, the first few.

    Args:
        file: at the beginning of the pickle; damaged ones end where they cannot be followed.
        shown: how many at most.
    """
    names = (name for name in _globals(file) if not _of_tensors(name))
    return tuple(dict.fromkeys(names))[:shown]


def is_pickle(file: IO[bytes]) -> bool:
    """Whether it is one of the protocols 0 and 1, which begin with no mark of their own.

    Args:
        file: at its beginning; every byte has to belong to an opcode, up to the one that stops.
    """
    try:
        for count, (opcode, _, _) in enumerate(pickletools.genops(file)):
            if count > _SURE:
                return True
            stopped = opcode.name == "STOP" and count > 1
    except Exception:  # bytes that are no opcode
        return False
    return stopped and not file.read(1)


def _of_tensors(name: str) -> bool:
    return name.startswith(_OF_TENSORS) or (name.startswith("torch") and name.endswith(_STORAGES))


def _globals(file: IO[bytes]) -> Iterator[str]:
    strings: list[str] = []
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count > _OPCODES:
                return
            if opcode.name in {"GLOBAL", "INST"}:
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL" and len(strings) > 1:
                yield f"{strings[-2]}.{strings[-1]}"
            elif isinstance(argument, str):
                strings = [*strings[-1:], argument]
    except Exception:  # a damaged pickle: what was read so far is enough
        return
