"""How long `check` takes of a folder of DICOM, and how much memory.

    python benchmarks/dicom_headers.py [OBJECTS]

Objects of 64 x 64 pixels with the attributes of a digital radiograph and 200 private ones, in
folders of a hundred, written by code; labels in a table. Only headers are read, whatever the size
of the pixels; `check` reads every file once more for its hash, which is the disk's time. Each in a
process of its own, on one thread: `load_study`, which is what `check` does before it asks the
detector, and the whole `xaudit check` with the reference detector, of all objects and of a
hundred: what these two have in common is torch, and batches of the detector that are tried.
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

AUDIT = """
name: Headers
data: {format: dicom, root: ROOT, options: {labels: labels.csv}}
detector:
  name: reference
  architecture: xaudit.models.reference:small_cnn
  weights: WEIGHTS
  input: {height: 224, width: 160, channels: 1, mean: [0.35], std: [0.25]}
  output: {kind: logit}
  operating_points: [{name: default, logit: 0.09, origin: fixed}]
explain: {cases: 2, methods: {gradcam: {}}, checks: {cases: 0}, shortcuts: 0}
robustness: {cases: 0, maps: 0}
statistics: {draws: 200}
"""
FEW = 100


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


def audit_of(folder):
    """An audit file beside a study."""
    weights = HERE / "xaudit" / "phantom" / "reference_detector.safetensors"
    text = AUDIT.replace("ROOT", str(folder)).replace("WEIGHTS", str(weights))
    path = folder.with_suffix(".yaml")
    path.write_text(text, encoding="utf-8")
    return str(path)


def measured(*arguments):
    """Processor seconds and megabytes of a command of Python."""
    environment = {**os.environ, "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    command = [sys.executable, *arguments]
    process = os.posix_spawn(sys.executable, command, environment, file_actions=silent)
    _, status, used = os.wait4(process, 0)
    assert status == 0, command
    return f"{used.ru_utime + used.ru_stime:.1f} | {used.ru_maxrss / 1024:.0f}"


def main(count=10_000):
    print("| what | objects | processor s | MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for number in (FEW, int(count)):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            written(folder, number)
            print(f"| the study | {number:,} | {measured('-c', READ, str(folder))} |")
            whole = measured("-m", "xaudit", "check", audit_of(folder))
            print(f"| all of `check` | {number:,} | {whole} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
