"""Archives: what a zip file is, by the names of its members."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import Literal

from xaudit.models.files.misnamed_files import DECLARE, PREDICTIONS, UNPACK, Stranger

_SHOWN = 3
_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".h5", ".onnx")


def kind_of_zip(path: Path) -> Literal["torch"] | Stranger:
    """A checkpoint of torch (since 1.6), or what else the archive is.

    Args:
        path: of a file that begins like a zip archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # damaged bytes raise nearly anything
        return Stranger(
            "a damaged zip archive, perhaps a checkpoint whose end is missing", "copy it again"
        )
    inner = [name.partition("/")[2] for name in names]
    return _of_torch(names, inner) or _of_others(names) or _other(names)


def _of_torch(names: list[str], inner: list[str]) -> Literal["torch"] | Stranger | None:
    pickled = "data.pkl" in inner
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return Stranger(
            "a TorchScript program (torch.jit.save)",
            "declare format: torchscript instead of an architecture, or save the state_dict of the "
            "network that was scripted or traced, and name its class in detector.architecture",
            format="torchscript",
        )
    exported = {"archive_format", "serialized_exported_program.json"}
    if exported & {PurePosixPath(name).name for name in names} and not pickled:
        return Stranger(
            "a program of torch.export (.pt2)",
            "declare format: pt2 instead of an architecture, or save the state_dict of the "
            "network that was exported, and name its class in detector.architecture",
            format="pt2",
        )
    if any(name.startswith(".data/extern_modules") for name in inner):
        return Stranger("a package of torch.package", "save the state_dict of the network in it")
    return "torch" if pickled else None


def _of_others(names: list[str]) -> Stranger | None:
    there = set(names)
    if names and all(name.endswith(".npy") for name in names):
        return Stranger(
            "an archive of NumPy arrays (.npz)",
            "save the state_dict of the network with torch or safetensors",
        )
    if {"config.json", "metadata.json"} <= there:
        return Stranger("a Keras model (.keras)", DECLARE.format("keras"), "keras")
    if "MAR-INF/MANIFEST.json" in there:
        return Stranger("an archive of TorchServe (.mar)", f"{UNPACK} and name the weights in it")
    others = {
        "a Keras model (.keras) without its network": "model.weights.h5" in there,
        "a zipped SavedModel of TensorFlow": any(name.endswith("saved_model.pb") for name in names),
        "a Core ML package": any(name.endswith((".mlmodel", "Manifest.json")) for name in names),
        "a model of scikit-learn (skops)": "schema.json" in there,
    }
    what = next((name for name, holds in others.items() if holds), None)
    return Stranger(what, PREDICTIONS) if what else None


def _other(names: list[str]) -> Stranger:
    weights = [name for name in names if name.endswith(_WEIGHTS)][:_SHOWN]
    if weights:
        return Stranger(
            f"a zip archive that holds {', '.join(weights)}", f"{UNPACK} and name that file"
        )
    held = ", ".join(names[:_SHOWN]) or "nothing"
    return Stranger(f"a zip archive ({held})", f"{UNPACK} and name the file of weights in it")
