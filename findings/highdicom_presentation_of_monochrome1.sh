#!/usr/bin/env bash
# A presentation state that highdicom makes of a MONOCHROME1 radiograph shows its negative.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

print("highdicom", hd.__version__, "pydicom", pydicom.__version__)


def film(kind):
    ds, values = Dataset(), np.arange(48, dtype=np.uint16).reshape(6, 8)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.1.1", "DX"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in "123")
    for empty in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID",
                  "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        setattr(ds, empty, "")
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, kind, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.WindowCenter, ds.WindowWidth = 24, 48
    ds.RescaleSlope, ds.RescaleIntercept = 1, 0
    ds.PresentationLUTShape = "INVERSE" if kind == "MONOCHROME1" else "IDENTITY"
    ds.PixelData = values.tobytes()
    return ds


def state(ds):
    return hd.pr.GrayscaleSoftcopyPresentationState(
        [ds], generate_uid(), 1, generate_uid(), 1, "maker", "model", "1", "1", content_label="ANY"
    )


found = {}
for kind in ("MONOCHROME2", "MONOCHROME1"):
    ds = film(kind)
    made = state(ds)
    window = made.SoftcopyVOILUTSequence[0]
    found[kind] = made.PresentationLUTShape
    print(f"{kind}: the image says {ds.PresentationLUTShape}, window {ds.WindowCenter}/{ds.WindowWidth};",
          f"its presentation state says {made.PresentationLUTShape},",
          f"window {window.WindowCenter}/{window.WindowWidth}")
print("A presentation state replaces the photometric interpretation of its image: the window is taken")
print("over from the radiograph, the polarity is not, and MONOCHROME1 is shown as its negative.")
expected = found == {"MONOCHROME2": "IDENTITY", "MONOCHROME1": "IDENTITY"}
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
