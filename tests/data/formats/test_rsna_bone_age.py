"""RSNA bone age and folders without labels: read where that is asked for, refused elsewhere."""

from pathlib import Path

import pytest

from tests.data.layouts import films, image_folder, rsna_bone_age, table
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

NO_LABELS = {"labels": "none"}


def cohort(root: Path, name: str = "rsna_bone_age", **given):
    spec = DataSpec(name, root, options={**NO_LABELS, **given.pop("options", {})}, **given)
    return load_study(spec, labels=False)


def by_id(study):
    return {case.case_id: case for case in study.cases}


def validation(root, rows):
    films(root / "boneage-validation-dataset-1")
    table(root / "Validation Dataset.csv", [["Image ID", "male", "Bone Age (months)"], *rows])


def test_hands_have_sex_and_age_and_no_label(tmp_path):
    rsna_bone_age(tmp_path)
    study = cohort(tmp_path)
    assert not study.labeled
    assert study.unit == "image"
    case = by_id(study)["11_a"]
    assert case.groups == {"sex": "M", "bone_age_months": "60 to under 120"}
    assert (case.lesions, case.site) == ((), None)
    assert case.image.exists()


def test_table_of_the_validation_films_is_read_too(tmp_path):
    validation(tmp_path, [["11_a", "FALSE", 30.5], ["11_b", "TRUE", ""], ["12_a", "", 200]])
    found = by_id(study := cohort(tmp_path))
    assert found["11_a"].groups == {"sex": "F", "bone_age_months": "under 60"}
    assert found["11_b"].groups["bone_age_months"] == "not recorded"
    assert found["12_a"].groups["sex"] == "not recorded"
    assert [issue.kind for issue in study.issues if issue.kind == "image_without_row"]


def test_own_bins_and_groups(tmp_path):
    rsna_bone_age(tmp_path)
    study = cohort(tmp_path, bins={"bone_age_months": (90.0,)}, groups=("bone_age_months",))
    assert by_id(study)["11_a"].groups == {"bone_age_months": "90 and over"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["11_a", "yes", 90]], r"csv line 2.*expected True or False, got 'yes'"),
        ([["11_a", "True", "old"]], "bone_age_months"),
        ([["11_a", "True", 9], ["11_a", "True", 9]], "already"),
    ],
)  # fmt: skip
def test_mistakes_name_table_and_line(tmp_path, rows, told):
    validation(tmp_path, rows)
    with pytest.raises(DataError, match=told):
        cohort(tmp_path)


def test_film_that_is_not_there_is_a_case_without_an_image(tmp_path):
    validation(tmp_path, [["11_a", "True", 90], ["999", "True", 90]])
    study = cohort(tmp_path)
    lost = [issue for issue in study.issues if issue.kind == "missing_file"]
    assert [issue.case_id for issue in lost] == ["999"]


def test_id_that_leads_out_of_the_study_is_refused(tmp_path):
    validation(tmp_path, [["../../etc/passwd", "True", 90]])
    with pytest.raises(DataError, match=r"no row for the image passwd\.png"):
        cohort(tmp_path)


def test_folder_without_a_table_is_told(tmp_path):
    films(tmp_path)
    with pytest.raises(DataError, match="expected a CSV with the columns id, boneage and male"):
        cohort(tmp_path)


def test_images_in_any_folder_without_labels(tmp_path):
    films(tmp_path)
    study = cohort(tmp_path, "image_folder")
    assert len(study.cases) == len(list(tmp_path.glob("*.png")))
    assert not study.labeled
    with pytest.raises(DataError, match="lies in none"):
        load_study(DataSpec("image_folder", tmp_path, positive=("fractured",)))


def test_study_without_labels_is_no_audit_and_one_with_labels_no_cohort(tmp_path):
    image_folder(tmp_path)
    spec = DataSpec("image_folder", tmp_path, options=NO_LABELS)
    with pytest.raises(DataError, match=r"cannot be audited.*xaudit compare AUDIT --cohort"):
        load_study(spec)
    with pytest.raises(DataError, match="expected labels: none"):
        load_study(DataSpec("image_folder", tmp_path, positive=("fractured",)), labels=False)
    with pytest.raises(DataError, match=r"data\.positive"):
        cohort(tmp_path, "image_folder", positive=("fractured",))
    with pytest.raises(DataError, match="expected none, got 'some'"):
        cohort(tmp_path, "image_folder", options={"labels": "some"})
