#!/usr/bin/env bash
# pydicom turns a film over and over where its VOI LUT has entries of 8 bits: values above 255 wrap.
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
from pydicom.pixels.processing import apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian

print("pydicom", pydicom.__version__, "numpy", np.__version__)


def film(bits):
    """12 bits stored; the VOI LUT is a straight line from 0 to the largest value of its bits."""
    table, ds = Dataset(), Dataset()
    entries = np.round(np.linspace(0, 2**bits - 1, 4096)).astype("<u2")
    table.add_new("LUTDescriptor", "US", [4096, 0, bits])
    table.add_new("LUTData", "OW", entries.tobytes())
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.BitsStored, ds.PixelRepresentation = 12, 0
    ds.VOILUTSequence = [table]
    return ds, entries


values = np.array([0, 100, 255, 256, 300, 2048, 4095], dtype=np.uint16)
wrong = {}
for bits in (8, 12):
    ds, entries = film(bits)
    shown, expected = apply_voi_lut(values, ds), entries[values]
    wrong[bits] = (shown != expected).tolist()
    print(f"entries of {bits} bits: stored {values.tolist()}")
    print(f"  shown    {shown.tolist()}\n  the table {expected.tolist()}")
print("Entries of 8 bits are looked up with an index of 8 bits: the stored value 256 is shown as 0, without a warning.")
expected = wrong[8] == [False, False, False, True, True, True, True] and not any(wrong[12])
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
