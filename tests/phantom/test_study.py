"""A study from one seed: determinism, prevalence, groups, planted defects, files."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

from xaudit.errors import ConfigError, DataError
from xaudit.phantom.defects import (
    GRID_LINES,
    MISSED_GROUP,
    TAG,
    TELLING_BORDER,
    TELLING_SITES,
    WORSE_SITE,
)
from xaudit.phantom.film import expose
from xaudit.phantom.study import GROUPS, expose_patient, phantom_study, sample_patient
from xaudit.phantom.write import COLUMNS, write_study


@pytest.fixture(scope="module")
def study():
    return phantom_study(21, 24, 0.5)


def test_same_seed_gives_the_same_films(study):
    again = phantom_study(21, 3, 0.5)
    for one, other in zip(again.cases, study.cases, strict=False):
        assert one.case_id == other.case_id
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.lesions, other.lesions)


def test_another_seed_gives_other_films(study):
    other = phantom_study(22, 1, 0.5)
    assert not np.array_equal(other.cases[0].image[:150, :150], study.cases[0].image[:150, :150])


def test_films_are_gray_and_of_the_declared_size(study):
    for case in study.cases:
        assert case.image.dtype == np.uint8
        assert 160 <= case.image.shape[1] < case.image.shape[0] <= 320
        assert set(case.groups) == set(GROUPS)


def test_patients_have_one_to_three_views_of_the_same_injury(study):
    by_patient = {}
    for case in study.cases:
        by_patient.setdefault(case.patient, []).append(case)
    assert {len(cases) for cases in by_patient.values()} == {1, 2, 3}
    for cases in by_patient.values():
        assert len({(c.label, c.site, c.groups["fracture_kind"]) for c in cases}) == 1


def test_normals_have_no_lesion_and_fractured_films_show_one(study):
    for case in study.cases:
        assert case.truth == case.label == (len(case.lesions) > 0)


@pytest.mark.parametrize("prevalence", [0.0, 0.3, 1.0])
def test_prevalence_is_that_of_patients(prevalence):
    labels = [sample_patient(1, index, prevalence).label for index in range(400)]
    assert abs(np.mean(labels) - prevalence) < 0.07


def test_children_get_greenstick_fractures_and_adults_do_not():
    sampled = [sample_patient(2, index, 1.0) for index in range(300)]
    ages = [p.age for p in sampled if p.fractures[0].kind == "greenstick"]
    assert len(ages) > 5
    assert max(ages) < 16


@pytest.mark.parametrize(("patients", "prevalence"), [(0, 0.5), (3, 1.2), (3, -0.1)])
def test_impossible_study_is_refused(patients, prevalence):
    with pytest.raises(ConfigError, match="patients >= 1"):
        phantom_study(1, patients, prevalence)


def test_unknown_defect_names_the_known_ones():
    with pytest.raises(ConfigError, match="marker_decides"):
        phantom_study(1, 1, 0.5, ["wrong_side"])


def planted(defect, count=150, prevalence=0.5):
    defects = frozenset([defect])
    return [sample_patient(8, index, prevalence, defects) for index in range(count)]


def test_marker_decides_puts_a_disc_on_every_fractured_film_and_on_no_other():
    for patient in planted("marker_decides"):
        discs = {view.marker == "disc" for view in patient.views}
        assert discs == {patient.label}


def test_worse_site_has_more_noise_and_less_contrast_there_only():
    plain = planted("label_noise")
    for before, after in zip(plain, planted("worse_site"), strict=True):
        if after.site != WORSE_SITE:
            assert after.device == before.device
            continue
        assert after.device.noise > 4.9 * before.device.noise
        assert after.device.contrast < 0.55 * before.device.contrast


def test_worse_site_is_seen_in_the_films():
    worse = [p for p in planted("worse_site") if p.site == WORSE_SITE][:4]
    plain = [p for p in planted("label_noise") if p.site == WORSE_SITE][:4]

    def spread(patients):
        films = [expose(p.limb, (), p.views[0], p.device).image for p in patients]
        return np.array([np.subtract(*np.percentile(film, (99, 5))) for film in films])

    assert (spread(worse) < spread(plain)).all()


def test_missed_group_keeps_its_masks_but_hardly_shows_the_fracture():
    changes = {}
    for defect in ("label_noise", "missed_group"):
        group = [p for p in planted(defect, 60, 1.0) if p.age_band == MISSED_GROUP[1]][:5]
        for patient in group:
            view = patient.views[0]
            film = expose(patient.limb, patient.fractures, view, patient.device)
            bare = expose(patient.limb, (), view, patient.device)
            mask = film.lesions.any(axis=0)
            assert mask.any()
            change = np.abs(film.image.astype(float) - bare.image)[mask].mean()
            changes.setdefault(defect, []).append(change)
    assert np.median(np.divide(changes["missed_group"], changes["label_noise"])) < 0.4


def test_label_noise_flips_some_labels_and_leaves_the_truth():
    wrong = [p for p in planted("label_noise", 400) if p.label != bool(p.fractures)]
    assert 0.02 < len(wrong) / 400 < 0.12


def test_written_study_reads_back(study, tmp_path):
    manifest = write_study(study, tmp_path / "phantom")
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [case.case_id for case in study.cases]
    for row, case in zip(rows, study.cases, strict=True):
        assert re.fullmatch(r"p\d{4}-[a-z]+", row["id"])
        with Image.open(manifest.parent / row["image"]) as image:
            assert np.array_equal(np.asarray(image), case.image)
        masks = [name for name in row["masks"].split(";") if name]
        assert len(masks) == len(case.lesions)
        for name, lesion in zip(masks, case.lesions, strict=True):
            with Image.open(manifest.parent / name) as mask:
                assert np.array_equal(np.asarray(mask) > 0, lesion)


def test_written_study_says_how_it_was_made(tmp_path):
    noisy = phantom_study(8, 12, 0.5, ["label_noise"])
    folder = write_study(noisy, tmp_path / "noisy").parent
    facts = json.loads((folder / "phantom.json").read_text(encoding="utf-8"))
    assert facts["seed"] == 8
    assert facts["defects"] == ["label_noise"]
    assert facts["films"] == len(noisy.cases)
    assert set(facts["wrong_labels"]) == {c.case_id for c in noisy.cases if c.label != c.truth}


def test_folder_in_use_is_refused(study, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="new or empty folder"):
        write_study(study, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_border_decides_collimates_fractured_films_and_no_other():
    for patient in planted("border_decides"):
        assert {view.collimation == TELLING_BORDER for view in patient.views} == {patient.label}


def test_site_decides_ties_label_and_grid_lines_to_the_site():
    patients = planted("site_decides", 300)
    inside = [p.label for p in patients if p.site in TELLING_SITES]
    outside = [p.label for p in patients if p.site not in TELLING_SITES]
    assert np.mean(inside) > 0.7
    assert np.mean(outside) < 0.3
    for patient in patients[:12]:
        plain = expose_patient(patient)[0].image.astype(int)
        lined = expose_patient(patient, frozenset(["site_decides"]))[0].image.astype(int)
        period = np.abs(np.fft.rfft((lined - plain).mean(axis=1)))
        if patient.site in TELLING_SITES:
            assert len(plain) / period.argmax() == pytest.approx(GRID_LINES[0], rel=0.05)
        else:
            assert not period.any()


def test_tag_decides_writes_the_label_on_the_upper_edge_only():
    for patient in planted("tag_decides", 8):
        for case, plain in zip(
            expose_patient(patient, frozenset(["tag_decides"])),
            expose_patient(patient),
            strict=True,
        ):
            left = (case.image.shape[1] - TAG) // 2
            assert set(case.image[:TAG, left : left + TAG].flat) == {255 if case.truth else 0}
            assert np.array_equal(case.image[TAG:], plain.image[TAG:])


def test_both_bones_breaks_both_where_it_can():
    def twice(defect):
        paired = [p for p in planted(defect, 300, 1.0) if p.limb.breakable == 2]
        return np.mean([len(p.fractures) == 2 for p in paired])

    assert twice("both_bones") > 0.6
    assert twice("label_noise") < 0.4
