"""How long `check` takes to list a folder of DICOM, and how much memory.

    python benchmarks/dicom_headers.py [OBJECTS]

Objects of 64 x 64 pixels with the attributes of a digital radiograph and 200 private ones, in
folders of a hundred, written by code; labels in a table. Only headers are read, whatever the size
of the pixels; `check` reads every file once more for its hash, which is the disk's time. In a
process of its own: `load_study`, which is what `check` does besides asking the detector.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
READ = """
import sys
from pathlib import Path
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
study = load_study(DataSpec("dicom", Path(sys.argv[1]), options={"labels": "labels.csv"}))
print(len(study.cases), "cases", file=sys.stderr)
"""


def written(folder, count):
    """A study of so many objects, and the table of their labels."""
    sys.path.insert(0, str(HERE / "tests" / "oracles"))
    import numpy as np  # noqa: PLC0415
    from dicom_files import film, uid, write  # noqa: PLC0415

    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    rows = ["sop_instance_uid,label"]
    ds = film(
        pixels, "a", PatientAge="045Y", PatientSex="F", BodyPartExamined="WRIST",
        ViewPosition="PA", Manufacturer="Maker", ManufacturerModelName="Model",
        InstitutionName="General Hospital", ImagerPixelSpacing=["0.15", "0.15"],
        WindowCenter="2048", WindowWidth="4096", BitsStored=12,
    )  # fmt: skip
    block = ds.private_block(0x0099, "MAKER", create=True)
    for number in range(200):
        block.add_new(number, "LO", f"value {number}")
    for number in range(count):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(str(number))
        ds.PatientID, ds.InstanceNumber = str(number // 3), number
        ds.StudyInstanceUID = uid(f"study {number // 3}")
        ds.PixelData = (pixels + number % 1000).astype(np.uint16).tobytes()
        write(folder / f"{number // 100}" / f"{number % 100}", ds)
        rows.append(f"{uid(str(number))},{number % 2}")
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")


def main(count=10_000):
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), int(count))
        environment = {**os.environ, "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", READ, folder]
        process = os.posix_spawn(sys.executable, command, environment)
        _, _, used = os.wait4(process, 0)
    seconds = used.ru_utime + used.ru_stime
    print("| objects | processor s | MB |\n|---|---|---|")
    print(f"| {int(count):,} | {seconds:.1f} | {used.ru_maxrss / 1024:.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
