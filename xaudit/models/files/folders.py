"""Folders that were named as weights: what they are, and which file in them to name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xaudit.core.text.json_text import read_json_text
from xaudit.models.files.misnamed_files import DECLARE, PREDICTIONS, Stranger

_MAX_BYTES = 1024 * 1024
_SHOWN = 5
_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".tar", ".bin")


def kind_of_folder(folder: Path) -> Stranger:
    """A folder of a framework or a hub, or any other.

    Args:
        folder: that exists.
    """
    names = sorted(path.name for path in folder.iterdir())
    there = set(names)
    foreign = _foreign(there)
    if foreign is not None:
        return Stranger(foreign, PREDICTIONS)
    if {"data.pkl", "version"} <= there:
        return Stranger(
            "a checkpoint of torch that was unpacked", "name the file as it was before unpacking"
        )
    if any(name.endswith(".distcp") for name in names):
        return Stranger(
            "a distributed checkpoint of torch",
            "write it as one file with torch.distributed.checkpoint.format_utils.dcp_to_torch_save",
        )
    return _of_transformers(folder, names) or _with_weights(names)


def _of_transformers(folder: Path, names: list[str]) -> Stranger | None:
    """A folder whose configuration names a network of transformers, beside its safetensors."""
    stored = any(name.endswith((".safetensors", ".safetensors.index.json")) for name in names)
    if not stored or "model_type" not in config_of(folder):
        return None
    what = "a folder of Hugging Face with its network"
    return Stranger(what, DECLARE.format("huggingface"), "huggingface")


def config_of(folder: Path) -> dict[str, Any]:
    """What ``config.json`` of a folder says; nothing where it cannot be read."""
    try:
        return read_config(folder)
    except (OSError, ValueError):
        return {}


def read_config(folder: Path) -> dict[str, Any]:
    """What ``config.json`` of a folder says.

    Raises:
        OSError: there is none.
        ValueError: it is no JSON object of a usual size.
    """
    file = folder / "config.json"
    if file.stat().st_size > _MAX_BYTES:
        raise ValueError(f"expected at most {_MAX_BYTES:,} bytes")
    content = read_json_text(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"expected a JSON object, got a {type(content).__name__}")
    return content


def _foreign(there: set[str]) -> str | None:
    bare = not any(name.endswith(_WEIGHTS) for name in there)
    index = any(name.endswith(".index") for name in there)
    data = "checkpoint" in there or any(".data-0" in name for name in there)
    jax = {"_CHECKPOINT_METADATA", "_METADATA", "flax_model.msgpack"}
    holds = {
        "a SavedModel folder of TensorFlow": there & {"saved_model.pb", "saved_model.pbtxt"},
        "a Keras model folder": "keras_metadata.pb" in there,
        "a Keras model (.keras) that was unpacked": "model.weights.h5" in there,
        "a folder of Hugging Face with weights of TensorFlow": bare and "tf_model.h5" in there,
        "a checkpoint folder of JAX (Flax, Orbax)": bare and there & jax,
        "a checkpoint folder of TensorFlow": index and data,
        "a Core ML package": {"Manifest.json", "Data"} <= there,
    }
    return next((what for what, is_it in holds.items() if is_it), None)


def _with_weights(names: list[str]) -> Stranger:
    found = [name for name in names if name.endswith(_WEIGHTS)]
    hub = "config.json" in names
    what = "a folder of Hugging Face" if hub else "a folder"
    if any(name.endswith(".index.json") for name in names):
        return Stranger(
            f"{what} whose weights are spread over several files",
            "write them as one (model.save_pretrained(..., max_shard_size='100GB'))",
        )
    if not found:
        inside = f"{', '.join(names[:_SHOWN])}" if names else "nothing"
        return Stranger(f"{what} that holds {inside}", "name the file of weights")
    if len(found) == 1:
        return Stranger(what, f"name the file in it: {found[0]}")
    return Stranger(what, f"name one file in it: {', '.join(found[:_SHOWN])}")
