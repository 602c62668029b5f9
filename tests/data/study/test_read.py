import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.annotations.mask_files import MaskFile
from xaudit.data.annotations.masks import Box
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare, study_fingerprint
from xaudit.data.spec import DataSpec
from xaudit.data.study.inspect import inspect_dataset
from xaudit.data.study.read import load_study
from xaudit.errors import DataError, RegistryError

SPEC = InputSpec(16, 16)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "study"
    root.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 200, (32, 24), dtype=np.uint8)).save(root / name)
    shutil.copy(root / "a.png", root / "copy.png")
    (root / "manifest.csv").write_text("image,label\na.png,1\nb.png,0\ncopy.png,0\n")
    return root


def test_copies_are_noted_and_count_as_one_patient(folder):
    study = load_study(DataSpec("manifest", folder))
    found = [(issue.case_id, issue.kind, issue.effect) for issue in study.issues]
    assert found == [
        ("copy", "duplicate", "noted"),
        ("copy", "duplicate_label_conflict", "noted"),
    ]
    assert [case.patient for case in study.cases] == ["a", "b", "a"]


def test_copies_are_left_out_where_declared(folder):
    study = load_study(DataSpec("manifest", folder, exclude_duplicates=True))
    assert [case.case_id for case in study.cases] == ["a", "b"]
    assert study.listed == 3
    assert ("copy", "duplicate", "excluded") in {
        (issue.case_id, issue.kind, issue.effect) for issue in study.issues
    }


def test_missing_and_damaged_files_stay_listed(folder):
    (folder / "a.png").unlink()
    (folder / "b.png").write_text("no image")
    study = load_study(DataSpec("manifest", folder))
    assert len(study.cases) == 3
    assert [(issue.kind, issue.effect) for issue in study.issues] == [
        ("missing_file", "unreadable"),
        ("unreadable_file", "unreadable"),
    ]
    assert not any(str(folder) in issue.detail for issue in study.issues)


def test_unknown_format_and_root_are_refused(folder):
    with pytest.raises(RegistryError, match="fracatlas"):
        load_study(DataSpec("none", folder))
    with pytest.raises(DataError, match="folder of the study"):
        load_study(DataSpec("manifest", folder / "gone"))


def test_fingerprint_follows_content_and_not_place(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    spec = DataSpec("manifest", folder)
    before = study_fingerprint(load_study(spec))
    moved = DataSpec("manifest", tmp_path / "elsewhere")
    assert study_fingerprint(load_study(moved)) == before
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "b.png")
    changed = study_fingerprint(load_study(spec))
    text = (folder / "manifest.csv").read_text().replace("b.png,0", "b.png,1")
    (folder / "manifest.csv").write_text(text)
    assert len({before, changed, study_fingerprint(load_study(spec))}) == 3


def case_of(path, **options):
    return Case(path.stem, path.stem, True, ImageFile(path), **options)


def test_prepared_case_is_on_the_grid(folder):
    prepared = prepare(case_of(folder / "a.png", lesions=(Box(2, 2, 8, 8),)), SPEC)
    assert prepared.image.shape == (1, 16, 16)
    assert prepared.lesions.shape == (1, 16, 16)
    assert prepared.inside.sum() == 16 * 12
    assert prepared.source == Grid((32, 24))
    assert not (prepared.lesions[0] & ~prepared.inside).any()
    color = InputSpec(16, 16, color="rgb")
    assert prepare(case_of(folder / "a.png"), color).image.shape == (3, 16, 16)


def test_declared_inversion_turns_the_values(folder):
    plain = prepare(case_of(folder / "a.png"), SPEC)
    turned = prepare(case_of(folder / "a.png", inverted=True), SPEC)
    inside = plain.inside
    np.testing.assert_allclose(turned.image[0][inside], 1 - plain.image[0][inside], atol=1e-6)
    assert (turned.image[0][~inside] == 0).all()


def test_unusable_lesions_are_issues_and_the_case_is_kept(folder):
    inverted = np.full((32, 24), 255, np.uint8)
    inverted[4:8, 4:8] = 0
    Image.fromarray(inverted).save(folder / "mask.png")
    lesions = (MaskFile(folder / "mask.png"), MaskFile(folder / "gone.png"), Box(1, 1, 4, 4))
    prepared = prepare(case_of(folder / "a.png", lesions=lesions), SPEC)
    assert len(prepared.lesions) == 1
    details = [issue.detail for issue in prepared.issues]
    assert ["inverted" in details[0], "gone.png" in details[1]] == [True, True]
    assert {(issue.kind, issue.effect) for issue in prepared.issues} == {
        ("lesion_unusable", "noted")
    }
    assert str(folder) not in " ".join(details)


def test_constant_and_inverted_films_are_noticed(folder):
    Image.fromarray(np.full((32, 24), 9, np.uint8)).save(folder / "flat.png")
    film = np.full((60, 60), 240, np.uint8)
    film[10:50, 10:50] = 60
    Image.fromarray(film).save(folder / "white.png")
    kinds = [
        prepare(case_of(folder / name), SPEC).issues[0].kind for name in ("flat.png", "white.png")
    ]
    assert kinds == ["constant_image", "possibly_inverted"]


def test_unreadable_image_names_the_case_and_not_the_folder(folder):
    with pytest.raises(DataError, match=r"case gone: gone\.png") as caught:
        prepare(case_of(folder / "gone.png"), SPEC)
    assert str(folder) not in str(caught.value)


def test_manifest_is_recognized_and_its_roles_are_guessed(tmp_path):
    text = "image_id,path,Fractured,patient_id,hospital,sex\n1,a.png,1,p,x,F\n"
    (tmp_path / "list.csv").write_text(text)
    found = inspect_dataset(tmp_path)
    assert found.spec == DataSpec(
        "manifest",
        tmp_path,
        manifest=Path("list.csv"),
        name=tmp_path.name,
        patient="patient_id",
        site="hospital",
        groups=("sex",),
        columns={"id": "image_id", "image": "path", "label": "Fractured"},
        positive=("1",),
    )
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "a.png")
    assert load_study(found.spec).cases[0].groups == {"sex": "F"}


def test_folder_without_a_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected FracAtlas"):
        inspect_dataset(tmp_path)


@pytest.mark.fracatlas
def test_fracatlas_is_recognized(fracatlas_root):
    assert inspect_dataset(fracatlas_root).spec.format == "fracatlas"


def sited(folder, rows):
    names = [f"{n}.png" for n in range(len(rows))]
    for number, name in enumerate(names):
        Image.fromarray(np.full((16, 16), 10 * number, dtype=np.uint8)).save(folder / name)
    lines = [
        f"{name},{number % 2},{row}"
        for number, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    text = "\n".join(["image,label,patient,site,view", *lines])
    (folder / "manifest.csv").write_text(text + "\n", encoding="utf-8")
    study = load_study(DataSpec("manifest", folder))
    return [(one.case_id, one.kind, one.detail) for one in study.issues]


def test_a_patient_at_two_sites_is_named_by_cases_and_column_and_not_by_name(folder):
    (issue,) = sited(folder, ["smith,A,ap", "jones,B,ap", "jones,B,ap", "smith,B,ap", "lee,A,ap"])
    assert issue[:2] == ("0", "patient_in_two_sites")
    assert issue[2] == (
        "column 'site': one patient has this case at 'A' and 3 at 'B'; sites are then not "
        "independent"
    )


def test_a_level_of_one_case_is_named_by_case_and_column(folder):
    rows = ["a,A,ap", "b,A,ap", "c,A,lateral", "d,A,"]
    (issue,) = sited(folder, rows)
    assert issue == ("2", "group_of_one", "column 'view': the only case of 'lateral'")
