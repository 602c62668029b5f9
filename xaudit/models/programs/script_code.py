"""Code of a TorchScript program: nothing while it is loaded, operators that compute later.

Loading runs the ``__setstate__`` of the program's own classes and of classes in C++, so a file
that has any is not loaded. Its graphs, in which every name is resolved, are looked at before it is
called for the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from xaudit.errors import DetectorError
from xaudit.models.programs.archive import Archive

_CLASS = re.compile(rb"torch\.classes\.(\w+)\.(\w+)")
_PACKED = {b"quantized"}
"""Of classes in C++: packed weights, and nothing else."""


def refuse_code_while_loading(path: Path, archive: Archive) -> None:
    """Refuse a program of which loading would run a part.

    Args:
        path: of the program, for the error.
        archive: its members; the code lies below ``code/``.

    Raises:
        DetectorError: says which part.
    """
    for name, content in archive.members.items():
        code = name.startswith("code/")
        if code and b"__setstate__" in content:
            raise DetectorError(
                f"{path}: runs code of its own while it is loaded (__setstate__ in {name}); freeze "
                "it first (torch.jit.freeze), or save the state_dict of its network"
            )
        found = _CLASS.search(content) if code or name.endswith(".pkl") else None
        if found and found[1] not in _PACKED:
            raise DetectorError(
                f"{path}: needs the class torch.classes.{found[1].decode()}.{found[2].decode()}, "
                "which is not one of torch's packed weights; save the state_dict of its network"
            )


def operators_of(program: Any) -> Iterator[str]:  # noqa: ANN401  a ScriptModule
    """Every operator in every method of every part of a loaded program, "namespace::name"."""
    for part in program.modules():
        for name in part._c._method_names():
            yield from _kinds(part._c._get_method(name).inlined_graph)


def _kinds(block: torch._C.Graph | torch._C.Block) -> Iterator[str]:
    for node in block.nodes():
        yield node.kind()
        for inner in node.blocks():
            yield from _kinds(inner)
        if node.hasAttribute("Subgraph"):
            yield from _kinds(node.g("Subgraph"))
