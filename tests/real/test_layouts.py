"""The published files of FracAtlas in three forms, and original films of GRAZPEDWRI-DX."""

import csv
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from xaudit.data.spec import DataSpec
from xaudit.data.study.inspect import inspect_dataset
from xaudit.data.study.read import load_study

DATA = Path(__file__).parents[2] / "../shared/data"
FRACATLAS = Path(os.environ.get("XAUDIT_FRACATLAS", DATA / "fracatlas"))
GRAZPEDWRI = Path(os.environ.get("XAUDIT_GRAZPEDWRI", DATA / "grazpedwri"))
FORMS = {
    "coco": ("fractured", {"unannotated": "normal"}),
    "yolo": ("0", {"annotations": "Annotations/YOLO"}),
    "voc": ("fractured", {"annotations": "Annotations/PASCAL VOC"}),
}


@pytest.mark.skipif(not (FRACATLAS / "dataset.csv").is_file(), reason="FracAtlas is not here")
def test_three_forms_of_fracatlas_say_the_same():
    """Ids of annotations begin at 0; outlines fit the upright image, boxes the outlines."""
    own = {case.case_id: case for case in load_study(DataSpec("fracatlas", FRACATLAS)).cases}
    assert inspect_dataset(FRACATLAS).spec.format == "fracatlas"
    for format, (positive, options) in FORMS.items():
        study = load_study(DataSpec(format, FRACATLAS, positive=(positive,), options=options))
        assert len(study.cases) == len(own) == 600
        for case in study.cases:
            same = own[f"{case.case_id}.jpg"]
            assert case.label == same.label
            assert len(case.lesions) == len(same.lesions)
        drawn = [case for case in study.cases if case.lesions]
        for case in drawn[:4]:
            grid = case.image.header().grid
            outlines = own[f"{case.case_id}.jpg"].lesions
            found = np.any([one.rasterize(grid) for one in case.lesions], axis=0)
            expected = np.any([one.rasterize(grid) for one in outlines], axis=0)
            if format == "coco":
                np.testing.assert_array_equal(found, expected)
            else:
                # A box holds the outline, but for a pixel at its rim.
                assert (found & expected).sum() > 0.97 * expected.sum()


@pytest.mark.skipif(not (GRAZPEDWRI / "images").is_dir(), reason="GRAZPEDWRI-DX is not here")
def test_films_of_16_bits_are_read_with_their_columns(tmp_path):
    with (GRAZPEDWRI / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    films = {path.stem: path for path in (GRAZPEDWRI / "images").glob("*.png")}
    (tmp_path / "images_part1").mkdir()
    for path in films.values():
        shutil.copy(path, tmp_path / "images_part1" / path.name)
    kept = [rows[0], *(row for row in rows[1:] if row[0] in films)]
    with (tmp_path / "dataset.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(kept)
    found = inspect_dataset(tmp_path)
    assert found.spec.format == "grazpedwri"
    study = load_study(DataSpec("grazpedwri", tmp_path))
    column = rows[0].index("fracture_visible")
    ill = {row[0] for row in kept[1:] if row[column] in {"1", "1.0"}}
    assert {case.case_id for case in study.cases if case.label} == ill
    assert len(study.cases) == len(films) == 9
    assert all(case.image.header().deep for case in study.cases)
    assert not Counter(issue.kind for issue in study.issues)["missing_file"]
    assert all(0.05 < case.spacing < 0.3 for case in study.cases)
