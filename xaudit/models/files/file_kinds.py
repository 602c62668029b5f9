"""Kinds of files of weights, told by their content: a name says nothing.

Nothing is unpickled, decoded or unpacked here; a few magic bytes, the members of an archive and
the outline of a message are enough. Sources: the specifications of the formats.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Literal

from xaudit.errors import DetectorError
from xaudit.models.files.archives import kind_of_zip
from xaudit.models.files.folders import kind_of_folder
from xaudit.models.files.misnamed_files import DECLARE, PREDICTIONS, UNPACK, Stranger
from xaudit.models.files.pickles import foreign_globals, is_pickle
from xaudit.models.files.protobuf import kind_of_protobuf

Format = Literal["safetensors", "torch"]

_HEAD = 4096
# Of its first object, the number 0x1950a86a20f9469cfc6c (torch.save before 1.6).
_OLD_TORCH = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_CHECKPOINT = b"_layer_checkpoint_dependencies"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SCHEMES = (
    "http:", "https:", "s3:", "gs:", "hf:", "ftp:", "file:", "az:", "abfss:", "dbfs:", "hf-hub:",
    "dvc:", "models:", "runs:", "mlflow:", "mlflow-artifacts:", "wandb:", "wandb-artifact:",
    "gdrive:", "clearml:",
)  # fmt: skip
_ONE_SLASH = ("models:", "runs:")
_SECTION = re.compile(r"\[{1,2}[A-Za-z_][\w.\- \"]*\]{1,2}\s*(#.*|;.*)?$", re.MULTILINE)
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"ZF0x")
_ARCHIVE = f"{UNPACK} and name the file of weights in it"
_IMAGE = "name the file of weights"

# Offset and bytes → what the file is.
_MAGIC: tuple[tuple[int, bytes, Stranger], ...] = (
    (0, b"version https://git-lfs", Stranger("a pointer of Git LFS, not the file itself",
     "fetch the file with `git lfs pull`")),
    (4, b"TFL3", Stranger("a model of LiteRT (TensorFlow Lite)", DECLARE.format("litert"),
     "litert")),
    (0, b"GGUF", Stranger("a GGUF file (llama.cpp)", PREDICTIONS)),
    (0, b"\x93NUMPY", Stranger("an array of NumPy (.npy), without names of tensors",
     "save the state_dict of the network with torch or safetensors")),
    (0, b"ptrt", Stranger("an engine of TensorRT", PREDICTIONS)),
    (0, b"ftrt", Stranger("an engine of TensorRT", PREDICTIONS)),
    (0, b"SQLite format 3", Stranger("a database of SQLite", _IMAGE)),
    (0, b"PAR1", Stranger("a table (Parquet)", PREDICTIONS)),
    (0, b"\x1f\x8b", Stranger("a gzip archive", _ARCHIVE)),
    (0, b"BZh", Stranger("a bzip2 archive", _ARCHIVE)),
    (0, b"\xfd7zXZ\x00", Stranger("an xz archive", _ARCHIVE)),
    (0, b"\x28\xb5\x2f\xfd", Stranger("a zstd archive", _ARCHIVE)),
    (0, b"\x04\x22\x4d\x18", Stranger("an lz4 archive", _ARCHIVE)),
    (0, b"\x5d\x00\x00", Stranger("an lzma archive", _ARCHIVE)),
    (0, b"7z\xbc\xaf\x27\x1c", Stranger("a 7z archive", _ARCHIVE)),
    (0, b"Rar!", Stranger("a RAR archive", _ARCHIVE)),
    (257, b"ustar", Stranger("a tar archive", _ARCHIVE)),
    (0, b"\x89PNG", Stranger("an image (PNG)", _IMAGE)),
    (0, b"\xff\xd8\xff", Stranger("an image (JPEG)", _IMAGE)),
    (128, b"DICM", Stranger("an image (DICOM)", _IMAGE)),
    (0, b"%PDF", Stranger("a PDF document", _IMAGE)),
    (0, b"\x7fELF", Stranger("a program or a library (ELF)", PREDICTIONS)),
    (0, b"MZ\x90", Stranger("a program or a library of Windows", PREDICTIONS)),
)  # fmt: skip

_TEXTS: tuple[tuple[tuple[str, ...], Stranger], ...] = (
    (("<!doctype html", "<html"), Stranger("a web page (HTML)",
     "the download failed: fetch the file itself")),
    (("<",), Stranger("an XML file",
     "name the file of weights; an answer in XML is what a download that failed leaves behind")),
    (("{", "["), Stranger("a JSON file", "name the file of weights that lies beside it")),
    (("http://", "https://"), Stranger("a text with a URL",
     "fetch that file and name where it lies")),
    (("",), Stranger("a text file (YAML, TOML, a list, a note)", "name the file of weights")),
)  # fmt: skip


def checkpoint_format(path: Path) -> Format:
    """How the weights in a file are stored.

    Args:
        path: of `detector.weights`; whatever its suffix says.

    Returns:
        "safetensors", or "torch" for what ``torch.save`` writes. Both may still be damaged.

    Raises:
        DetectorError: it is neither; says in one sentence what it is and what can be done.
    """
    what = no_file(path)
    if what is not None:
        raise DetectorError(what)
    if not path.is_file():
        raise DetectorError(f"{path}: no such file; expected weights (see detector.weights)")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise DetectorError(f"{path}: weights cannot be read: {error.strerror}") from None
    found = _kind(path, head)
    if isinstance(found, Stranger):
        raise DetectorError(found.sentence(path))
    return found


def model_format(path: Path) -> str:
    """The format that reads a whole model; empty for weights and for what nobody reads.

    Args:
        path: of any file or folder, or of none.
    """
    if path.is_dir():
        return kind_of_folder(path).format
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        found = _kind(path, file.read(_HEAD))
    return found.format if isinstance(found, Stranger) else ""


def no_file(path: Path) -> str | None:
    """What a URL or a folder is and what can be done; None for other paths."""
    first = next((part for part in path.parts if part.lower().startswith(_SCHEMES)), None)
    if first is not None and not path.exists():
        # A path has no empty parts: of two slashes one is left.
        several = first.endswith(":") and first.lower() not in _ONE_SLASH
        rest = "/".join(path.parts[path.parts.index(first) + 1 :])
        return (
            f"{first}{'//' if several else '/'}{rest}: is a URL, not a torch checkpoint: nothing "
            "is downloaded here; fetch the file and name where it lies (detector.weights)"
        )
    return kind_of_folder(path).sentence(path) if path.is_dir() else None


def _kind(path: Path, head: bytes) -> Format | Stranger:
    if not head:
        return Stranger("an empty file", "copy or download it again")
    if _is_safetensors(head):
        return "safetensors"
    if head.startswith(_OLD_TORCH):
        return "torch"
    if head.startswith(b"PK\x03\x04"):
        return kind_of_zip(path)
    return _stranger(path, head)


def _stranger(path: Path, head: bytes) -> Stranger:
    for offset, magic, kind in _MAGIC:
        if head[offset:].startswith(magic):
            return kind
    kinds = (_hdf5(path), _pickle(path, head), _text(head), kind_of_protobuf(path, head))
    return next((kind for kind in kinds if kind), _unknown(head))


def _is_safetensors(head: bytes) -> bool:
    """Eight bytes of length, then a header of JSON; it may be padded, it begins with a brace."""
    length = int.from_bytes(head[:8], "little")
    return len(head) > 8 and head[8:9] == b"{" and 2 <= length <= 100_000_000


def _is_hdf5(path: Path) -> bool:
    """The signature stands at 0, 512, 1024, 2048, … (HDF5 File Format Specification, II.A)."""
    with path.open("rb") as file:
        for offset in (0, 512, 1024, 2048, 4096):
            file.seek(offset)
            if file.read(8) == _HDF5:
                return True
    return False


def _hdf5(path: Path) -> Stranger | None:
    """Keras names its layers and its version in attributes; they may stand anywhere in the file."""
    if not _is_hdf5(path):
        return None
    network, marks = b"model_config", {b"keras_version", b"layer_names", _CHECKPOINT}
    seen: set[bytes] = set()
    with path.open("rb") as file:
        before = b""
        while (block := file.read(1 << 24)) and network not in seen:
            seen |= {mark for mark in {network, *marks} if mark in before + block}
            before = block[-64:]
    if network in seen:
        return Stranger("a Keras model (HDF5, .h5)", DECLARE.format("keras"), "keras")
    if seen:
        return Stranger("a Keras model (HDF5, .h5) without its network", PREDICTIONS)
    return Stranger("an HDF5 file (as Keras writes, .h5, or another)", PREDICTIONS)


def _pickle(path: Path, head: bytes) -> Stranger | None:
    """A bare pickle is never loaded, whatever it holds: that would run its code."""
    if head.startswith(_ZLIB):
        return Stranger("a compressed pickle (joblib)", PREDICTIONS)
    announced = head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    with path.open("rb") as file:
        if not announced and not is_pickle(file):
            return None
        file.seek(0)
        names = foreign_globals(file)
    holds = f" of {', '.join(names)}" if names else ""
    return Stranger(
        f"a pickle{holds}, which holds more than tensors, and loading it would run its code",
        "save the state_dict alone (torch.save(model.state_dict(), ...)) or safetensors",
    )


def _text(head: bytes) -> Stranger | None:
    if _CONTROL.search(head):
        return None
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head).lstrip("\ufeff \r\n\t")
    except UnicodeDecodeError:
        return None
    if _SECTION.match(text):
        return Stranger("a file of settings (TOML, INI)", "name the file of weights")
    return next(kind for begins, kind in _TEXTS if text[:200].lower().startswith(begins))


def _unknown(head: bytes) -> Stranger:
    return Stranger(
        f"no format that is known here (it begins with the bytes {head[:8].hex(' ')})",
        "it may be damaged: copy it again, or save the state_dict again with torch or safetensors",
    )
