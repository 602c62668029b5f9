"""What lies where weights were expected, told by its content under a misleading name."""

import gzip
import io
import json
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from protobuf_fields import field
from torch import nn

from xaudit.errors import DetectorError
from xaudit.models.files.file_kinds import checkpoint_format, model_format, no_file


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def numpy_archive():
    buffer = io.BytesIO()
    np.savez(buffer, weight=np.zeros(3))
    return buffer.getvalue()


def tarred():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("w.pt"))
    return buffer.getvalue()


def hdf5(*texts, at=0):
    return bytes(at) + b"\x89HDF\r\n\x1a\n" + bytes(100) + b"\0".join(texts) + bytes(50)


class Estimator:
    pass


ONNX = field(1, 8) + field(2, b"pytorch") + field(7, bytes(300)) + field(8, b"\x10\x11")
FILES = {
    "an ONNX model": ONNX,
    "an ONNX model ": field(1, 8) + field(7, bytes(20)) + field(8, b""),
    "an ONNX model \\(damaged\\)": ONNX[:60],
    "a Core ML model": field(1, 4) + field(2, b"d") + field(500, b"net"),
    "a SavedModel of TensorFlow": field(1, 1) + field(2, b"graph"),
    "a frozen graph of TensorFlow": field(1, field(1, b"n") + field(2, b"Const")) * 3
    + field(4, b"\x08\x01"),
    "a Keras model \\(HDF5, .h5\\) without its network": hdf5(b"model_weights", b"keras_version"),
    "a Keras model \\(HDF5, .h5\\)": hdf5(b"keras_version", b"model_config"),
    "an HDF5 file": hdf5(b"volume"),
    "an HDF5 file ": hdf5(b"matlab", at=512),
    "a Keras model \\(.keras\\)": zipped("config.json", "metadata.json", "model.weights.h5"),
    "a model of LiteRT": b"\x1c\0\0\0TFL3" + bytes(40),
    "a zipped SavedModel": zipped("m/saved_model.pb", "m/variables/variables.index"),
    "a GGUF file": b"GGUF\x03\0\0\0",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a web page": b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
    "an XML file": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "a JSON file": b'{"architectures": ["ResNet"]}',
    "a text with a URL": b"https://example.org/w.pt\n",
    "a text file": "mean: [0.5]  # Gerät\n".encode(),
    "an empty file": b"",
    "an archive of NumPy": numpy_archive(),
    "an array of NumPy": b"\x93NUMPY\x01\0",
    "a zip archive that holds run/best.pt, unpack|a zip archive that holds run/best.pt": zipped(
        "run/best.pt", "run/log.txt"
    ),
    "a zip archive \\(a.txt\\)": zipped("a.txt"),
    "a damaged zip archive": zipped("m/data.pkl")[:20],
    "a package of torch.package": zipped("m/.data/extern_modules", "m/x.pkl"),
    "an archive of TorchServe": zipped("MAR-INF/MANIFEST.json", "w.pt"),
    "a tar archive": tarred(),
    "a gzip archive": gzip.compress(b"x"),
    "a compressed pickle": zlib.compress(b"x" * 100),
    "a pickle of .*Estimator, which holds more than tensors": pickle.dumps(Estimator()),
    "a pickle of .*Estimator, which holds": pickle.dumps({"a": Estimator()}, protocol=2),
    "a pickle, which holds more": pickle.dumps({"a": [1.0]}),
    "a compressed pickle ": zlib.compress(b"x" * 100, level=2),
    "a pickle of .*Estimator": pickle.dumps(Estimator(), protocol=0),
    "a pickle of .*Estimator ": pickle.dumps({"a": Estimator()}, protocol=1),
    "a pickle, which": pickle.dumps({"a": [1.0, 2.0]}, protocol=0),
    "a pickle, which ": pickle.dumps({"a": [1.0, 2.0]}, protocol=1),
    "a file of settings": b"[train]\nlr = 0.1\n",
    "a file of settings ": b"[[runs]] # first\nlr = 0.1\n",
    "a JSON file ": b"[1, 2]",
    "a JSON file  ": b'[\n "a"]',
    "a text file ": b"NTSC.\n(not a pickle)",
    "a program of PaddlePaddle": field(1, field(1, 0) + field(2, 0)) + field(4, b"\x08\x00"),
    "a program of PaddlePaddle ": field(1, field(1, 0) + bytes([26, 200, 1]) + bytes(200))
    + field(4, b""),
    "an image \\(PNG\\)": b"\x89PNG\r\n\x1a\n",
    "an image \\(DICOM\\)": bytes(128) + b"DICM",
    "no format that is known here": bytes(range(255, 100, -1)),
}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_files_are_known_by_their_content(what, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FILES[what])
    with pytest.raises(DetectorError, match=rf"is {what.strip()}.*not a torch checkpoint") as told:
        checkpoint_format(path)
    assert "\n" not in str(told.value)
    assert "weights_only" not in str(told.value)


def test_programs_of_torch_are_no_weights(tmp_path):
    path, network = tmp_path / "w.pt", nn.Linear(2, 2).eval()
    example = torch.zeros(1, 2)
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.trace(network, example), path)
    with pytest.raises(
        DetectorError, match=r"a TorchScript program .* save the state_dict"
    ) as told:
        checkpoint_format(path)
    assert "declare format: torchscript instead of an architecture" in str(told.value)
    assert model_format(path) == "torchscript"
    path.write_bytes(zipped("p/archive_format", "p/models/model.json", "p/byteorder"))
    with pytest.raises(DetectorError, match=r"a program of torch.export \(.pt2\).*format: pt2"):
        checkpoint_format(path)
    assert model_format(path) == "pt2"
    path.write_bytes(b"a text")
    assert [model_format(path), model_format(tmp_path), model_format(tmp_path / "x")] == [""] * 3


FOLDERS = {
    "a SavedModel folder of TensorFlow": ["saved_model.pb", "variables"],
    "a folder of Hugging Face.*name the file in it: model.safetensors": [
        "config.json", "model.safetensors",
    ],
    "a folder of Hugging Face whose weights are spread": [
        "config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
    ],
    "a folder, .*name one file in it: a.pt, b.pth": ["a.pt", "b.pth"],
    "a folder that holds notes.txt": ["notes.txt"],
    "a folder that holds nothing": [],
    "a checkpoint folder of TensorFlow": ["checkpoint", "model.ckpt.index"],
    "a checkpoint folder of TensorFlow,": ["m.ckpt.index", "m.ckpt.data-00000-of-00001"],
    "a Keras model .* that was unpacked": ["config.json", "metadata.json", "model.weights.h5"],
    "a folder of Hugging Face with weights of TensorFlow": ["config.json", "tf_model.h5"],
    "a checkpoint folder of JAX": ["_CHECKPOINT_METADATA", "array_metadatas"],
    "a checkpoint of torch that was unpacked": ["data.pkl", "version"],
    "a distributed checkpoint of torch": [".metadata", "__0_0.distcp"],
    "a Core ML package": ["Manifest.json", "Data"],
}  # fmt: skip


@pytest.mark.parametrize("what", FOLDERS)
def test_folders_say_which_file_to_name(what, tmp_path):
    folder = tmp_path / "weights.pt"
    folder.mkdir()
    for name in FOLDERS[what]:
        (folder / name).write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(DetectorError, match=f"is {what}"):
        checkpoint_format(folder)


@pytest.mark.parametrize("url", [
    "https://example.org/w.pt", "s3://bucket/w.pt", "hf://a/b", "hf-hub:org/x", "models:/m/1",
    "runs:/abc/w.pt", "wandb://a/b",
])  # fmt: skip
def test_a_url_is_not_fetched(url, tmp_path):
    with pytest.raises(DetectorError, match=rf"{url}: is a URL.*nothing is downloaded"):
        checkpoint_format((tmp_path / Path(url)).resolve())


def test_other_paths_are_no_strangers(tmp_path):
    assert no_file(tmp_path / "none") is None
    with pytest.raises(DetectorError, match="no such file"):
        checkpoint_format(tmp_path / "none")


def test_whole_models_of_others_name_the_format_that_reads_them(tmp_path):
    path, folder = tmp_path / "w.bin", tmp_path / "folder"
    for content, expected in (
        (hdf5(b"keras_version", b"model_config"), "keras"),
        (hdf5(b"keras_version"), ""),
        (zipped("config.json", "metadata.json", "model.weights.h5"), "keras"),
        (b"\x1c\0\0\0TFL3" + bytes(40), "litert"),
    ):
        path.write_bytes(content)
        assert model_format(path) == expected
        with pytest.raises(DetectorError, match=f"format: {expected}" if expected else "save"):
            checkpoint_format(path)
    folder.mkdir()
    (folder / "model.safetensors").touch()
    (folder / "config.json").write_text('{"architecture": "resnet18"}', "utf-8")
    assert model_format(folder) == ""
    (folder / "config.json").write_text('{"model_type": "vit"}', "utf-8")
    assert model_format(folder) == "huggingface"
    assert "declare detector.format: huggingface" in no_file(folder)
