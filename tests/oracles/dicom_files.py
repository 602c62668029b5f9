"""DICOM objects written by code: radiographs in every polarity, depth and transfer syntax."""

import hashlib
from pathlib import Path

import numpy as np
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.pixels.utils import compress  # noqa: F401 (for tests that compress by themselves)
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

ROOT = "2.25."
CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
SC = "1.2.840.10008.5.1.4.1.1.7"
SYNTAXES = {
    "raw": ExplicitVRLittleEndian, "jpeg2000": JPEG2000Lossless, "jpeg_ls": JPEGLSLossless,
    "rle": RLELossless,
}  # fmt: skip


def uid(name: str) -> str:
    """A UID that a name always has."""
    return ROOT + str(int(hashlib.md5(name.encode()).hexdigest(), 16))


def case_id(name: str) -> str:
    """The id of the case whose object was named so."""
    return hashlib.sha256(uid(name).encode()).hexdigest()[:12]


def film(values: np.ndarray, name: str = "a", **attributes: object) -> Dataset:
    """A plane radiograph of (H, W) or (frames, H, W) stored values; attributes are set on top."""
    bits = attributes.pop("BitsStored", 8 * values.dtype.itemsize)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = attributes.pop("SOPClassUID", DX)
    ds.SOPInstanceUID = uid(name)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(f"study {name}"), uid(f"series {name}")
    ds.Modality, ds.PatientID = "DX", f"patient {name}"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[-2:]
    if values.ndim == 3:
        ds.NumberOfFrames = len(values)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * values.dtype.itemsize, bits, bits - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    ds.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    ds["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    for key, value in attributes.items():
        setattr(ds, key, value)
    return ds


def items(*members: dict) -> Sequence:
    """A sequence of datasets with these attributes."""
    made = []
    for attributes in members:
        ds = Dataset()
        for key, value in attributes.items():
            setattr(ds, key, value)
        made.append(ds)
    return Sequence(made)


def table(entries, first=0, bits=16) -> Sequence:
    """A lookup table as the sequence that holds it."""
    entries = np.asarray(entries, dtype="<u2")
    made = Dataset()
    made.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries) % 65536, first, bits])
    made.add_new("LUTData", "OW", entries.tobytes())
    return Sequence([made])


def write(path: Path, ds: Dataset, syntax: str = "raw") -> Path:
    """The object in a file, compressed without loss where that is asked."""
    if syntax != "raw":
        ds.compress(SYNTAXES[syntax], generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path
