"""Operators of torch that a program of somebody else may call.

Most operators compute; a few read or write files or call other machines, and those of other
namespaces belong to whatever is installed. What is not known to compute alone is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError

_COMPUTING = frozenset(
    {"aten", "prim", "quantized", "mkldnn_prepacked", "prepacked", "torchvision"}
)
_NOT = frozenset(
    {
        "aten::from_file", "aten::save", "prim::rpc_async", "prim::rpc_sync", "prim::rpc_remote",
        # What they call would not be seen.
        "prim::CallFunction", "prim::CallMethod",
    }
)  # fmt: skip
"""In these namespaces, what opens files or calls other machines (all schemas of torch 2.13)."""
_SHOWN = 3


def may_run(operator: str) -> bool:
    """Whether an operator, "namespace::name", computes and does nothing else."""
    return operator.partition("::")[0] in _COMPUTING and operator not in _NOT


def refuse_operators(path: Path, operators: Iterable[str]) -> None:
    """Refuse a program that calls something else than operators that compute.

    Args:
        path: of the program, for the error.
        operators: that it may call, "namespace::name".

    Raises:
        DetectorError: names them.
    """
    wrong = sorted({printable(operator) for operator in operators if not may_run(operator)})
    if wrong:
        raise DetectorError(
            f"{path}: calls {', '.join(wrong[:_SHOWN])}: no operator of torch that computes and "
            "does nothing else, such as open a file; the program is not run. Save the state_dict "
            "of its network instead (docs/reference/security.md)"
        )
