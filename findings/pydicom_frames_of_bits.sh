#!/usr/bin/env bash
# pydicom cannot give a frame of a binary segmentation that begins within a byte, as most do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pydicom==3.0.2 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pixel_array
from pydicom.pixels.utils import pack_bits
from pydicom.uid import ExplicitVRLittleEndian

print("pydicom", pydicom.__version__, "numpy", np.__version__)


def segmentation(rows, columns):
    """Three frames, one pixel set in each."""
    frames = np.zeros((3, rows, columns), dtype=np.uint8)
    for number in range(3):
        frames[number, 1, number + 1] = 1
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.Rows, ds.Columns, ds.NumberOfFrames = rows, columns, 3
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 1, 0, 0
    ds.PixelData = pack_bits(frames)
    ds["PixelData"].VR = "OB"
    return ds, frames


def said(ds, frames):
    found = []
    for number in range(3):
        try:
            found.append(bool((pixel_array(ds, index=number) == frames[number]).all()))
        except ValueError as error:
            found.append(f"ValueError: {error}")
    return found


whole_bytes, parts = said(*segmentation(8, 9)), said(*segmentation(45, 51))
ds, frames = segmentation(45, 51)
print("frames of 8 x 9 pixels, one by one:", whole_bytes)
print("frames of 45 x 51 pixels, one by one:", parts)
print("the same object, all frames at once, is right:", bool((pixel_array(ds) == frames).all()))
expected = whole_bytes == [True] * 3 and parts[0] is True and all("reshape" in str(one) for one in parts[1:])
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
