#!/usr/bin/env bash
# highdicom writes the name of a patient into a warning, so into the log of whoever runs it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

print("highdicom", hd.__version__, "pydicom", pydicom.__version__)


def film(name):
    ds, values = Dataset(), np.zeros((6, 8), dtype=np.uint16)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.1.1", "DX"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in "123")
    for empty in ("PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate",
                  "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        setattr(ds, empty, "")
    ds.PatientName = name
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelData = values.tobytes()
    return ds


def said(name):
    concept = hd.sr.CodedConcept
    described = hd.seg.SegmentDescription(
        1, "any", concept("49755003", "SCT", "Morphologically abnormal structure"),
        concept("72704001", "SCT", "Fracture"), "MANUAL",
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hd.seg.Segmentation(
            [film(name)], np.ones((1, 6, 8), np.uint8), "BINARY", [described], generate_uid(), 1,
            generate_uid(), 1, "maker", "model", "1", "1",
        )
    return [str(one.message) for one in caught if "EXAMPLENAME" in str(one.message)]


single, parted = said("EXAMPLENAME"), said("EXAMPLENAME^EXAMPLE")
print("a segmentation of a film of a patient whose name has one component:")
print("  warnings that hold the name:", len(single), "-", single[0][:60] if single else "", "...")
print("the same, name and given name:", len(parted))
print("pydicom alone reads and writes both without a word.")
expected = len(single) >= 1 and not parted
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
