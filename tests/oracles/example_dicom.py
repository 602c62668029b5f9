"""The small DICOM study of examples/small-dicom: python tests/oracles/example_dicom.py."""

import csv
import tempfile
from pathlib import Path

import numpy as np
from dicom_files import film, uid, write
from PIL import Image

FILMS = 10


def written(folder: Path, phantoms) -> None:
    """Films of a drawn study, small, of 12 bits, every second one inverted; and their labels."""
    rows = ["sop_instance_uid,label"]
    for number, (path, row) in enumerate(phantoms):
        small = Image.open(path).convert("L").resize((80, 112), Image.Resampling.BOX)
        values = np.round(np.asarray(small) * (4095 / 255)).astype(np.uint16) & 0xFFF0
        inverted = number % 2 == 0
        stored = (4095 - values).astype(np.uint16) if inverted else values
        ds = film(
            stored, f"example {number}", BitsStored=12,
            PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2",
            PatientID=f"patient {row['patient']}",
            InstitutionName=f"Hospital {int(row['patient'][1:]) % 2 + 1}",
            PatientAge=f"{20 + 5 * number:03d}Y", PatientSex="FM"[number % 2], ViewPosition="PA",
            BodyPartExamined="FOREARM", ImagerPixelSpacing=["0.8", "0.8"],
            EstimatedRadiographicMagnificationFactor="1.1",
        )  # fmt: skip
        ds.StudyInstanceUID = uid(f"example study {row['patient']}")
        write(folder / f"IM{number:04d}.dcm", ds, "jpeg2000")
        rows.append(f"{ds.SOPInstanceUID},{row['label']}")
    (folder / "labels.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    from xaudit.phantom.study import phantom_study
    from xaudit.phantom.write import write_study

    with tempfile.TemporaryDirectory() as made:
        study = Path(made) / "study"
        write_study(phantom_study(77, 20, 0.5), study)
        with (study / "manifest.csv").open(encoding="utf-8", newline="") as file:
            every = list(csv.DictReader(file))
        ill = [row for row in every if row["label"] == "1"][: FILMS // 2]
        well = [row for row in every if row["label"] != "1"][: FILMS // 2]
        mixed = [one for pair in zip(ill, well, strict=True) for one in pair]
        target = Path(__file__).parents[2] / "examples" / "small-dicom"
        written(target, [(study / row["image"], row) for row in mixed])
