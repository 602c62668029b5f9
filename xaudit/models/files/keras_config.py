"""The configuration of a Keras model: looked over before Keras builds anything from it.

A configuration names classes and functions, and Keras imports what it names. Only layers and what
belongs to them are let through.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xaudit.core.text.json_text import read_json_text
from xaudit.errors import DetectorError, InstallError

_MAX_BYTES = 64 * 1024 * 1024
_MODULES = frozenset({
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers",
    "keras.constraints", "keras.activations",
})  # fmt: skip
_WITHIN = ("keras.src.models.", "keras.src.layers.", "keras.src.ops.", "keras.src.initializers.")
_CODE = {
    "Lambda": "a Lambda layer, which is Python code",
    "__lambda__": "a lambda, which is Python code",
    "function": "a function of its own",
    "TFSMLayer": "a SavedModel of TensorFlow, which is a program of its own",
    "TorchModuleWrapper": "a module of torch, which is a pickle",
    "JaxLayer": "a function of JAX",
    "FlaxLayer": "a module of Flax",
}
REMEDY = (
    "no code of the file is run: rebuild the network with layers of Keras, audit it as a command "
    "or a service, or let it run in a sandbox (arguments: {run_code: true}, which needs "
    "--allow-code)"
)


def is_keras_archive(path: Path) -> bool:
    """Whether a file is what Keras 3 writes (.keras); anything else is taken for HDF5."""
    return zipfile.is_zipfile(path)


def refuse_code(path: Path) -> None:
    """Look over the configuration of a model.

    Args:
        path: of a .keras or .h5 file.

    Raises:
        DetectorError: there is no configuration, or it names code that is none of a layer.
        InstallError: HDF5 cannot be read here.
    """
    config = _of_archive(path) if is_keras_archive(path) else _of_hdf5(path)
    # How it was trained: at this place, and nowhere deeper, Keras leaves it alone (compile=False).
    if isinstance(config, dict):
        config.pop("compile_config", None)
    for node in _nodes(config):
        name, module = node["class_name"], node.get("module")
        if name in _CODE:
            raise DetectorError(f"{path}: holds {_CODE[name]}; {REMEDY}")
        if module is not None and module not in _MODULES and not _is_within(module):
            raise DetectorError(f"{path}: names {module}.{name}, no layer of Keras; {REMEDY}")


def _is_within(module: object) -> bool:
    return isinstance(module, str) and module.startswith(_WITHIN)


def _nodes(config: object) -> Iterator[dict[str, Any]]:
    """Everything in a configuration that names a class."""
    waiting = [config]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("class_name"), str):
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _of_archive(path: Path) -> object:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _MAX_BYTES:
                raise DetectorError(f"{path}: its configuration has more than {_MAX_BYTES:,} bytes")
            return read_json_text(archive.read("config.json").decode())
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DetectorError(
            f"{path}: expected a Keras model (.keras) with a readable config.json, got: {error}"
        ) from None


def drop_groups(path: Path) -> None:
    """Take an argument away that Keras 2 wrote and Keras 3 does not know.

    Args:
        path: of an .h5 file that was looked over; it is changed.
    """
    with _opened(path, "r+") as file:
        config = _config_of(file)
        for node in _nodes(config):
            if node["class_name"] == "DepthwiseConv2D" and node["config"].get("groups") == 1:
                del node["config"]["groups"]
        file.attrs["model_config"] = json.dumps(config)


def _of_hdf5(path: Path) -> object:
    try:
        with _opened(path, "r") as file:
            return _config_of(file)
    except (KeyError, ValueError, OSError) as error:
        raise DetectorError(
            f"{path}: expected a Keras model (.keras, or .h5 with its network, not weights alone), "
            f"got: {error}"
        ) from None


def _opened(path: Path, mode: str) -> Any:  # noqa: ANN401
    try:
        import h5py  # noqa: PLC0415
    except ImportError:
        raise InstallError("format keras needs h5py: pip install 'xaudit[keras]'") from None
    return h5py.File(path, mode)


def _config_of(file: Any) -> Any:  # noqa: ANN401
    text = file.attrs["model_config"]
    return read_json_text(text if isinstance(text, str) else bytes(text).decode())
