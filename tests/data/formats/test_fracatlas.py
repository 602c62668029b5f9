import csv
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from xaudit.core.detector import InputSpec
from xaudit.data.formats.fracatlas import COLUMNS, MASKS
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError


@pytest.fixture
def small(tmp_path):
    """Two films in the layout of FracAtlas."""
    for folder, name, value in (("Fractured", "f.jpg", 9), ("Non_fractured", "n.jpg", 99)):
        (tmp_path / "images" / folder).mkdir(parents=True)
        Image.fromarray(np.full((30, 20), value, np.uint8)).save(
            tmp_path / "images" / folder / name
        )
    write_table(tmp_path, [row("f.jpg", 1), row("n.jpg", 0)])
    (tmp_path / MASKS).parent.mkdir(parents=True)
    image = {"id": 1, "file_name": "f.jpg", "width": 20, "height": 30}
    lesion = {"image_id": 1, "segmentation": [[2, 2, 9, 2, 9, 9]]}
    (tmp_path / MASKS).write_text(json.dumps({"images": [image], "annotations": [lesion]}))
    return tmp_path


def row(name, fractured, **changes):
    values = dict.fromkeys(COLUMNS, 0) | {"hand": 1, "frontal": 1}
    return (
        values | {"image_id": name, "fractured": fractured, "fracture_count": fractured} | changes
    )


def write_table(root, rows):
    with (root / "dataset.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def kinds(study):
    return Counter((issue.case_id, issue.kind) for issue in study.issues)


def test_layout_is_read(small):
    study = load_study(DataSpec("fracatlas", small))
    assert not study.issues
    assert [(case.case_id, case.label, len(case.lesions)) for case in study.cases] == [
        ("f.jpg", True, 1),
        ("n.jpg", False, 0),
    ]
    assert study.cases[0].groups["body_region"] == "hand"
    assert study.cases[0].site == "other sizes"


def test_flags_and_counts_that_pandas_wrote_as_floats_are_read(small):
    write_table(small, [row("f.jpg", "1.0", hand="1.0", fracture_count="1.0"), row("n.jpg", "0.0")])
    study = load_study(DataSpec("fracatlas", small))
    assert not study.issues
    assert [case.label for case in study.cases] == [True, False]
    assert study.cases[0].groups["body_region"] == "hand"


def test_contradictions_are_issues(small):
    (small / "images" / "Non_fractured" / "stray.jpg").write_bytes(b"x")
    rows = [row("f.jpg", 0), row("n.jpg", 1), row("gone.jpg", 0, leg=1)]
    write_table(small, rows)
    study = load_study(DataSpec("fracatlas", small))
    assert kinds(study) == {
        ("f.jpg", "lesion_count"): 1,
        ("f.jpg", "label_contradicts_folder"): 1,
        ("f.jpg", "label_contradicts_lesions"): 1,
        ("n.jpg", "lesion_count"): 1,
        ("n.jpg", "label_contradicts_folder"): 1,
        ("n.jpg", "fracture_without_lesion"): 1,
        ("gone.jpg", "missing_file"): 1,
        ("gone.jpg", "group_of_one"): 1,
        ("stray.jpg", "file_without_row"): 1,
    }
    assert study.cases[2].groups["body_region"] == "several"
    assert study.listed == len(study.cases) == 3


def test_bad_rows_are_listed_with_their_lines(small):
    write_table(small, [row("f.jpg", 2), row("f.jpg", 1), row("../n.jpg", 0, fracture_count="x")])
    with pytest.raises(DataError) as caught:
        load_study(DataSpec("fracatlas", small))
    lines = [problem.split(":")[0] for problem in caught.value.problems]
    assert lines == [f"dataset.csv line {line}" for line in (2, 3, 4, 4)]


@pytest.mark.parametrize("text", ["", "[]", '{"images": 3}', '{"images": [{"id": []}]}'])
def test_damaged_masks_are_refused(small, text):
    (small / MASKS).write_text(text)
    with pytest.raises(DataError, match="COCO"):
        load_study(DataSpec("fracatlas", small))


@pytest.mark.fracatlas
def test_real_study_lists_every_known_defect(fracatlas_root):
    study = load_study(DataSpec("fracatlas", fracatlas_root))
    assert (len(study.cases), sum(case.label for case in study.cases)) == (600, 200)
    assert sum(len(case.lesions) for case in study.cases) == 263
    kinds = Counter(issue.kind for issue in study.issues)
    assert kinds == {"exif_rotated": 2, "duplicate": 2, "group_of_one": 1}
    rotated = {issue.case_id for issue in study.issues if issue.kind == "exif_rotated"}
    assert rotated == {"IMG0002026.jpg", "IMG0002628.jpg"}
    patients = {case.case_id: case.patient for case in study.cases}
    assert len(set(patients.values())) == 598
    devices = Counter(case.site for case in study.cases)
    assert devices == {"373x454": 425, "454x373": 120, "2304x2880": 48, "other sizes": 7}
    assert not any(case.groups["body_region"] == "unknown" for case in study.cases)


@pytest.mark.fracatlas
@pytest.mark.heavy
def test_real_study_reaches_the_grid_except_six_truncated_films(fracatlas_root):
    study = load_study(DataSpec("fracatlas", fracatlas_root))
    spec = InputSpec(224, 224)
    refused, lesions = [], 0
    for case in study.cases:
        try:
            prepared = prepare(case, spec)
        except DataError as error:
            refused.append(str(error))
            continue
        assert not prepared.issues
        lesions += len(prepared.lesions)
    assert (len(refused), lesions) == (6, 263)
    assert all("truncated" in text and str(fracatlas_root) not in text for text in refused)


@pytest.mark.parametrize(
    ("column", "value"),
    [("image_id", "a" * 300), ("image_id", "a\x1b[31m.jpg"), ("fracture_count", "9" * 5000)],
)
def test_cells_that_no_file_and_no_number_has_are_refused(small, column, value):
    write_table(small, [row("f.jpg", 1), row("n.jpg", 0, **{column: value})])
    with pytest.raises(DataError, match=rf"dataset.csv line 3: {column}"):
        load_study(DataSpec("fracatlas", small))


def test_nul_in_an_id_is_refused(small):
    path = small / "dataset.csv"
    path.write_bytes(path.read_bytes().replace(b"n.jpg", b"n\0.jpg"))
    with pytest.raises(DataError, match="line 3 holds the character NUL"):
        load_study(DataSpec("fracatlas", small))


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"images": [{"id": 1, "file_name": "f.jpg", "height": 1e999, "width": 1}], '
     '"annotations": [{"image_id": 1, "segmentation": []}]}'],
)  # fmt: skip
def test_masks_of_no_size_are_refused(small, content):
    (small / MASKS).write_text(content)
    with pytest.raises(DataError, match="expected COCO masks"):
        load_study(DataSpec("fracatlas", small))
