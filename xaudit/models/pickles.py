"""Which classes and functions a pickle would call, read off its opcodes; nothing is loaded."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from typing import IO

_SHOWN = 3
_OPCODES = 500_000
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
