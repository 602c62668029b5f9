"""A program of torch.export without anything that torch would run or unpickle while it reads it.

``torch.export.load`` of PyTorch 2.13 unpickles whatever a file marks as pickled (weights,
constants, example inputs), evaluates expressions of sizes and turns names of the file into Python
source. So a copy of the file is made that holds the graph and raw tensors alone, and every text in
it has to be what stands in such a place. Sources: torch/_export/serde/schema.py (8.20),
torch/export/pt2_archive/_package.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError
from xaudit.models.programs.archive import Archive
from xaudit.models.programs.expressions import is_size
from xaudit.models.programs.operators import refuse_operators

_MODEL = "models/model.json"
_SAMPLES = "data/sample_inputs/model.pt"
_CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
_KEPT = re.compile(
    r"archive_format|archive_version|byteorder|\.data/\w+|data/(weights|constants)/(weight|tensor)_\d+"
)
_RAW = re.compile(r"(weight|tensor)_\d+")
_NAME = re.compile(r"[\w.@+-]{0,500}", re.ASCII)
_STACK = re.compile(r"[\w.@\[\]()'\"]*,[\w.@]*,[\w.@<>]*", re.ASCII)
_TARGET = re.compile(r"torch\.ops\.(\w+)\.(\w+)\.\w+", re.ASCII)
_OF_SIZES = re.compile(
    r"_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|neg|pos|eq|ne|lt|le|gt|ge|and_|or_|not_)"
    r"|math\.(floor|ceil|trunc)|torch\.sym_(max|min|not|float|int|ite)"
)
_TREES = {None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"}
_ROOT = ""


def cleaned(path: Path, archive: Archive) -> Archive:
    """The graph and the raw tensors of a program, every text of it looked at.

    Args:
        path: of the file, for errors.
        archive: as read.

    Raises:
        DetectorError: there is no graph, the file was written by an old torch, or it holds
            something else than a graph of operators that compute and tensors.
    """
    held = archive.members
    _refuse_others(path, held)
    model = _json(path, held, _MODEL)
    targets: list[str] = []
    texts = {_MODEL: _program(path, model, targets)}
    refuse_operators(path, _operators(targets))
    for name in _CONFIGS:
        texts[name] = _config(path, _json(path, held, name), held, name.rpartition("/")[0])
    kept = {name: content for name, content in held.items() if _KEPT.fullmatch(name)}
    written = {name: json.dumps(content).encode() for name, content in texts.items()}
    return replace(archive, members={**kept, **written, _SAMPLES: b""})


def _refuse_others(path: Path, held: Mapping[str, bytes]) -> None:
    if any(name.startswith("data/aotinductor/") for name in held):
        raise DetectorError(
            f"{path}: holds compiled code (AOTInductor), which nobody can look at; save the "
            "program of torch.export instead (torch.export.save), or the state_dict of its network"
        )
    old = {"serialized_exported_program.json", "data/weights/model.pt", "data/constants/model.pt"}
    if old & held.keys() or not {_MODEL, *_CONFIGS} <= held.keys():
        what = "by a torch whose files hold pickles" if old & held.keys() else "by another program"
        raise DetectorError(
            f"{path}: was not written by torch.export.save as since torch 2.9, but {what}; load "
            "and save it again with such a torch, or save the state_dict of its network"
        )


def _json(path: Path, held: Mapping[str, bytes], name: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(held[name])
    except (ValueError, RecursionError):
        raise DetectorError(f"{path}: {name} in it is no JSON; copy the file again") from None


def _program(path: Path, model: Any, targets: list[str]) -> Any:  # noqa: ANN401
    """The graph without remarks, guards and the signatures of its parts."""
    try:
        graph = model["graph_module"]
        inputs = [one for one in graph["signature"]["input_specs"] if "user_input" in one]
        calls = [
            {"fqn": one["fqn"], "signature": None if one["fqn"] else one["signature"]}
            for one in graph["module_call_graph"]
        ]
        stripped = model | {
            "guards_code": [],
            "graph_module": graph
            | {"metadata": {}, "treespec_namedtuple_fields": {}, "module_call_graph": calls},
        }
    except (KeyError, TypeError):
        raise _strange(path, "its graph is not described as torch 2.13 does") from None
    if len(inputs) != 1:
        raise DetectorError(
            f"{path}: the program takes {len(inputs)} inputs, expected one tensor (N, C, H, W); "
            "export a module that takes the images alone"
        )
    return _Look(path, targets).at(stripped)


def _operators(targets: list[str]) -> Iterator[str]:
    """What nodes of the graph call, "namespace::name"; arithmetic of sizes left out."""
    for target in targets:
        found = _TARGET.fullmatch(target)
        if found:
            yield f"{found[1]}::{found[2]}"
        elif not _OF_SIZES.fullmatch(target):
            yield target


class _Look:
    """Goes through the description of a graph: texts are what they should be, devices the CPU."""

    def __init__(self, path: Path, targets: list[str]) -> None:
        self._path, self._targets = path, targets

    def at(self, value: Any, key: str = "") -> Any:  # noqa: ANN401
        """The same value, as it may be handed on."""
        if isinstance(value, dict):
            return self._mapping(value, key)
        if isinstance(value, list):
            return [self.at(one, key) for one in value]
        if isinstance(value, str) and not self._fits(value, key):
            raise _strange(self._path, f"{key or 'a text'} {value[:60]!a}")
        return value

    def _mapping(self, value: dict[str, Any], key: str) -> Any:  # noqa: ANN401
        if value.keys() == {"type", "index"}:
            return {"type": "cpu", "index": None}
        if key == "metadata":
            stack = value.get("nn_module_stack", "")
            known = all(map(_STACK.fullmatch, stack.split(";")))
            return {"nn_module_stack": stack} if known else {}
        if "custom_obj" in value or "as_custom_obj" in value or "as_operator" in value:
            raise _strange(self._path, "an object in C++ or a call of a function")
        for name in value:
            self.at(name, "a name")
        return {name: self.at(one, name) for name, one in value.items()}

    def _fits(self, text: str, key: str) -> bool:
        if key == "target":
            self._targets.append(text)
            return True
        if key == "expr_str":
            return is_size(text)
        if key in {"in_spec", "out_spec"}:
            return _is_tree(text)
        # Texts that operators take are handed to them, and stand nowhere else.
        return key in {"as_string", "as_strings"} or _NAME.fullmatch(text) is not None


def _is_tree(text: str) -> bool:
    """Whether a structure of inputs or outputs is made of tuples, lists and dictionaries."""
    try:
        version, tree = json.loads(text)
        return version == 1 and _is_node(tree)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _is_node(tree: dict[str, Any]) -> bool:
    context = None if tree["context"] is None else json.loads(tree["context"])
    keys = context is None or (
        isinstance(context, list) and all(isinstance(one, str | int) for one in context)
    )
    return tree["type"] in _TREES and keys and all(map(_is_node, tree["children_spec"]))


def _config(path: Path, config: Any, held: Mapping[str, bytes], folder: str) -> Any:  # noqa: ANN401
    """Where raw tensors lie."""
    try:
        entries = config["config"].values()
        pickled = any(entry["use_pickle"] is not False for entry in entries)
        raw = all(_RAW.fullmatch(entry["path_name"]) for entry in entries)
        there = all(map(partial(_is_held, held, folder), entries))
    except (KeyError, TypeError, AttributeError):
        raise _strange(path, "its tensors are not described as torch 2.13 does") from None
    if pickled or not raw:
        raise DetectorError(
            f"{path}: holds pickled objects beside raw tensors, and loading them would run their "
            "code; save the state_dict of its network"
        )
    if not there:
        raise DetectorError(f"{path}: the bytes of a tensor are missing; copy the file again")
    return _Look(path, []).at(config)


def _is_held(held: Mapping[str, bytes], folder: str, entry: Mapping[str, Any]) -> bool:
    """Whether there are bytes for a tensor: without any, torch makes one of zeros, of any size."""
    empty = any(side["as_int"] == 0 for side in entry["tensor_meta"]["sizes"])
    return empty or bool(held.get(f"{folder}/{entry['path_name']}"))


def _strange(path: Path, what: str) -> DetectorError:
    return DetectorError(
        f"{path}: holds what a program of torch.export does not: {printable(what)}; it is not "
        "loaded. Save the state_dict of its network instead (docs/reference/security.md)"
    )
