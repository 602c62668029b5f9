"""Whole audits of DICOM folders: the scores of the same films in PNG, and nothing private."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from dicom_files import film, uid, write
from PIL import Image
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VR, tag_for_keyword

pytestmark = pytest.mark.heavy  # whole audits

MARK = "ZQXMARK"
DATE = "19770704"
FEW = 32
"""Films, of which four are explained: what is private has been met long before the last one."""
PROFILE = Path(__file__).parents[1] / "fixtures" / "ps3_15_basic_profile.txt"
TEXTS = {"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT", "UR", "PN"}
NUMBERS = {"DS": "7.7123456", "IS": "771234567", "US": 7712, "SS": 7712, "UL": 77123, "SL": 77123,
           "FL": 7.7123, "FD": 7.7123}  # fmt: skip
VALUES = {"AS": MARK, "DA": DATE, "DT": DATE + "112233", "TM": "112233", "UI": uid("planted"),
          **NUMBERS}  # fmt: skip
KEPT = {"SOPInstanceUID", "PatientID", "PatientAge", "PixelData"}
"""What differs from object to object is planted by `private_film`."""


def profile():
    lines = PROFILE.read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def plant(ds):
    """The mark in every attribute that the profile names."""
    for keyword in profile():
        if keyword in KEPT or tag_for_keyword(keyword) >> 16 in {0, 2}:
            continue
        kind = dictionary_VR(keyword).split(" ")[0]
        if kind == "SQ":
            inner = Dataset()
            inner.PersonName, inner.TextValue, inner.CodeMeaning = MARK, MARK, MARK
            setattr(ds, keyword, [inner])
        elif kind in {"OB", "OW", "UN", "OF", "OD"}:
            ds.add_new(keyword, "OB", MARK.encode() + b"\0")
        else:
            value = MARK if kind in TEXTS else VALUES[kind]
            ds.add_new(keyword, kind, value)
    # Attributes that no profile knows, and private ones.
    block = ds.private_block(0x0099, MARK, create=True)
    block.add_new(1, "LO", MARK)
    ds.ImageComments = ds.DerivationDescription = MARK


def private_film(values, row, number, **attributes):
    ds = film(values, row["image"], **attributes)
    with disable_value_validation():
        plant(ds)
    ds.PatientID = f"{MARK}-{row['patient']}"
    with disable_value_validation():
        ds.PatientAge = MARK if number % 2 else "045Y"
        ds.InstitutionName = f"{MARK} {number % 2}"
    return ds


@pytest.fixture(scope="module")
def rows(drawn_study):
    with (drawn_study / "study" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:FEW]


@pytest.fixture(scope="module")
def study(drawn_study, rows, short_audit, tmp_path_factory):
    """The drawn study in PNG and once more as DICOM of 12 bits, every third inverted."""
    folder = tmp_path_factory.mktemp("dicom")
    shutil.copyfile(drawn_study / "weights.safetensors", folder / "weights.safetensors")
    shutil.copytree(drawn_study / "study", folder / "png")
    (folder / "png" / "artifacts.csv").unlink()
    with (folder / "png" / "few.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    declared = {"format": "manifest", "root": "png", "manifest": "few.csv"}
    declared |= {"patient": "patient", "groups": []}
    write_audit(folder / "png.yaml", short_audit, declared)
    labels = ["sop_instance_uid,label"]
    for number, row in enumerate(rows):
        gray = np.asarray(Image.open(folder / "png" / row["image"]).convert("L"))
        values = np.round(gray * (4095 / 255)).astype(np.uint16)
        inverted = number % 3 == 0
        stored = np.uint16(4095) - values if inverted else values
        kind = "MONOCHROME1" if inverted else "MONOCHROME2"
        ds = private_film(stored, row, number, BitsStored=12, PhotometricInterpretation=kind)
        syntax = ("raw", "jpeg2000", "rle")[number % 3]
        write(folder / "export" / f"{MARK}_{number}" / "IM", ds, syntax)
        fractured = row["label"] in {"1", "fractured", "true"}
        labels.append(f"{uid(row['image'])},{int(fractured)}")
    (folder / "export" / "labels.csv").write_text("\n".join(labels), encoding="utf-8")
    declared = {"format": "dicom", "root": "export", "options": {"labels": "labels.csv"}}
    write_audit(folder / "dicom.yaml", short_audit, declared)
    return folder


def write_audit(path, content, data):
    explain = {"methods": {}, "gallery": False, "checks": {"cases": 0}, "shortcuts": 0}
    if data["format"] == "dicom":
        explain = content["explain"] | {"cases": 4, "positives": 0.5}
    content = content | {"data": data, "explain": explain}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def found(folder):
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return findings, {
        one["metric"]: one["estimate"]["value"]
        for one in findings["findings"]
        if one["metric"] in {"auc", "sensitivity"} and not {"method", "group"} & one["scope"].keys()
    }


@pytest.fixture(scope="module")
def audited(study, xaudit_of):
    """Both audits, and all that the commands said."""
    said = []
    weights = study / "weights.safetensors"
    said.append(xaudit_of(os.environ, "init", study / "export", "--model", weights, "--out",
                          study / "started.yaml"))  # fmt: skip
    said.append(xaudit_of(os.environ, "check", study / "dicom.yaml"))
    for kind in ("png", "dicom"):
        out = study / f"{kind}_out"
        said.append(xaudit_of(os.environ, "run", study / f"{kind}.yaml", "--out", out))
    said.append(xaudit_of(os.environ, "card", study / "dicom_out"))
    return "\n".join(said)


def test_a_folder_of_dicom_is_audited_as_the_same_films_in_png(audited, study, rows):
    (one, plain), (other, read) = found(study / "png_out"), found(study / "dicom_out")
    assert other["study"]["cases"] == other["accountability"]["scored"] == len(rows)
    assert other["study"]["positives"] == one["study"]["positives"]
    assert other["study"]["patients"] == one["study"]["patients"]
    assert read == pytest.approx(plain, abs=0.01)
    started = yaml.safe_load((study / "started.yaml").read_text("utf-8"))
    assert started["data"]["format"] == "dicom"
    assert started["data"]["options"] == {"labels": "labels.csv"}


def test_nothing_private_is_in_any_file_or_word(audited, study):
    private = [MARK, DATE, "1977-07-04", "2.25.", "7.7123456", "771234567"]
    outputs = [study / "started.yaml", study / "device.yaml"]
    outputs += [path for path in (study / "dicom_out").rglob("*") if path.is_file()]
    assert len(outputs) > 10
    for path in outputs:
        content = readable(path)
        for word in private:
            assert word.encode() not in content, (path.name, word)
            assert word not in path.name
    assert MARK not in audited
    assert "2.25." not in audited


def readable(path):
    """What a file holds, unpacked."""
    content = path.read_bytes()
    if path.suffix == ".npz":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            return content + b"".join(archive.read(name) for name in archive.namelist())
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return content + repr(pq.read_table(path).to_pylist()).encode()
    return content


def test_the_mark_was_planted(study):
    """The search above would find it: the files are full of it."""
    path = next((study / "export").rglob("IM"))
    assert path.read_bytes().count(MARK.encode()) > 200
