"""Expressions of sizes in a program of torch.export, which torch evaluates as Python.

`sympy.sympify` runs what it is given. An expression of sizes is a sum or a product of symbols and
numbers and a few functions of them; anything else is not handed on.
"""

from __future__ import annotations

import ast
import re

_SYMBOL = re.compile(r"(s|u|z|zuf|zf)\d+")
_FUNCTIONS = frozenset(
    {
        "Symbol", "Integer", "Add", "Mul", "Max", "Min", "FloorDiv", "CeilDiv", "CleanDiv", "Mod",
        "PythonMod", "ModularIndexing", "Where", "CeilToInt", "FloorToInt", "TruncToInt",
        "RoundToInt", "ToFloat", "IntTrueDiv", "Identity", "Eq", "Ne", "Lt", "Le", "Gt", "Ge",
        "Equality", "Unequality", "StrictLessThan", "LessThan", "StrictGreaterThan", "GreaterThan",
        "And", "Or", "Not",
    }
)  # fmt: skip
_SIGNS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd, ast.Eq,
    ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Load, ast.keyword, ast.Expression, ast.BinOp,
    ast.UnaryOp, ast.Compare,
)  # fmt: skip
_LONGEST = 2000


def is_size(text: str) -> bool:
    """Whether a text is an expression of sizes and nothing else: "2*s77 + 1"."""
    if len(text) > _LONGEST or not text.isascii():
        return False
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(map(_harmless, ast.walk(tree)))


def _harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    if isinstance(node, ast.Name):
        return node.id in _FUNCTIONS or _SYMBOL.fullmatch(node.id) is not None
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            return _SYMBOL.fullmatch(node.value) is not None
        return isinstance(node.value, bool | int | float)
    return isinstance(node, _SIGNS)
