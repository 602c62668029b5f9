"""Rows of several annotators become one case by the declared rule."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from xaudit.core.grid import Grid
from xaudit.data.annotations.consensus_mask import agreed_mask, lesions_in, staple
from xaudit.data.consensus import Consensus, OneAnnotator
from xaudit.data.prepare import study_fingerprint
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError, InstallError

HEAD = "id;image;label;annotator;patient;view;boxes\n"
ROWS = (
    "1;a.png;1;ann;p;ap;[[1,1,4,4]]\n"
    "1;a.png;1;bob;p;ap;[[2,1,4,4]]\n"
    "1;a.png;0;cyd;p;ap;\n"
    "2;b.png;0;ann;q;ap;\n"
    "2;b.png;0;bob;q;ap;\n"
)
TIE = "3;c.png;1;ann;r;ap;[[1,1,2,2]]\n3;c.png;0;bob;r;ap;\n"
GRID = Grid((8, 10))


@pytest.fixture
def folder(tmp_path):
    for index, name in enumerate(["a.png", "b.png", "c.png"]):
        Image.fromarray(np.full((8, 10), index, np.uint8)).save(tmp_path / name)
    return tmp_path


def load(folder, text, consensus=None, **options):
    (folder / "manifest.csv").write_text(text)
    return load_study(DataSpec("manifest", folder, consensus=consensus, **options))


def problems(folder, text, consensus=None, **options):
    with pytest.raises(DataError) as caught:
        load(folder, text, consensus, **options)
    return "\n".join(caught.value.problems)


def area(case):
    return sum(int(lesion.rasterize(GRID).sum()) for lesion in case.lesions)


@pytest.mark.parametrize(
    ("label", "lesions", "expected"),
    [
        ("majority", "majority", (True, 12)),
        ("any", "union", (True, 20)),
        ("all", "union", (False, 0)),
        ("majority", "intersection", (True, 0)),
        (OneAnnotator("reader 2"), OneAnnotator("reader 2"), (True, 16)),
        (OneAnnotator("reader 1"), "union", (True, 20)),
    ],
)
def test_rules_by_hand(folder, label, lesions, expected):
    study = load(folder, HEAD + ROWS, Consensus(label, lesions))
    case = study.cases[0]
    assert (case.label, area(case)) == expected
    assert [one.case_id for one in study.cases] == ["1", "2"]
    assert [one.annotator for one in case.readings] == ["reader 1", "reader 2", "reader 3"]
    assert [one.label for one in case.readings] == [True, True, False]
    assert case.form == ("box" if area(case) else "none")
    (said,) = (one.detail for one in study.issues if one.kind == "consensus")
    assert said.startswith("3 annotators; label: ")
    assert said.endswith("ties: not declared")
    assert "view" in case.groups
    assert "annotator" not in case.groups


def test_an_annotator_who_did_not_read_leaves_the_case_out(folder):
    study = load(folder, HEAD + ROWS, Consensus(OneAnnotator("reader 3"), "union"))
    assert [case.case_id for case in study.cases] == ["1"]
    issue = next(one for one in study.issues if one.kind == "not_read")
    assert (issue.case_id, issue.effect, study.listed) == ("2", "excluded", 2)


@pytest.mark.parametrize(
    ("ties", "label"), [("positive", True), ("negative", False), ("exclude", None)]
)
def test_a_tie_is_an_issue_and_counted_as_declared(folder, ties, label):
    study = load(folder, HEAD + ROWS + TIE, Consensus("majority", "union", ties))
    found = {case.case_id: case.label for case in study.cases}
    assert found.get("3") is label
    issue = next(one for one in study.issues if one.kind == "annotators_tie")
    assert issue.effect == ("excluded" if label is None else "noted")
    assert "1 of 2 annotators" in issue.detail
    assert study.listed == 3


def test_what_is_not_declared_is_asked_for(folder):
    said = problems(folder, HEAD + ROWS + TIE)
    assert "data.consensus, label: majority" in said
    assert "data.consensus, lesions: majority" in said
    assert "lines 2, 7" in said
    assert "ties: positive" in problems(folder, HEAD + ROWS + TIE, Consensus("majority", "union"))
    assert "no annotator 'ann'; there is: reader 1" in problems(
        folder, HEAD + ROWS, Consensus(OneAnnotator("ann"), "union")
    )


def test_who_agrees_needs_no_rule(folder):
    text = HEAD + "1;a.png;1;10;p;ap;[[1,1,4,4]]\n1;a.png;1;9;p;ap;[[1,1,4,4]]\n"
    case = load(folder, text).cases[0]
    assert (case.label, area(case)) == (True, 16)
    text = text.replace("9;p;ap;[[1,1,4,4]]", "9;p;ap;")
    case = load(folder, text).cases[0]
    assert [len(one.lesions) for one in case.readings] == [0, 1], "9 is before 10"
    assert area(case) == 16, "who outlines nothing of a fracture says nothing of its place"


def test_names_are_shown_where_they_are_declared_harmless(folder):
    study = load(folder, HEAD + ROWS, Consensus("any", "union", names=True))
    assert [one.annotator for one in study.cases[0].readings] == ["ann", "bob", "cyd"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROWS.replace("bob;p;ap", "bob;p;lat"), "lines 2, 3, 4: column 'view' differs"),
        (ROWS.replace("bob;p", "bob;x"), "lines 2, 3, 4: column 'patient' differs"),
        (ROWS.replace("a.png;1;bob", "b.png;1;bob"), "lines 2, 3, 4: column 'image' differs"),
        (ROWS.replace("bob", "ann"), "lines 5, 6: one annotator has two rows"),
        (ROWS.replace("cyd", ""), "line 4: annotator: expected an annotator, got nothing"),
    ],
)
def test_rows_of_one_image_differ_in_label_and_lesions_alone(folder, text, said):
    found = problems(folder, HEAD + text, Consensus("any", "union"))
    assert said in found
    assert "bob" not in found


def test_an_outline_that_does_not_fit_is_an_issue_and_no_vote(folder):
    text = HEAD + ROWS.replace("[[2,1,4,4]]", "[[2,1,40,4]]")
    study = load(folder, text, Consensus("majority", "union"))
    issue = next(one for one in study.issues if one.kind == "lesion_unusable")
    assert "a lesion of reader 2 is left out" in issue.detail
    assert area(study.cases[0]) == 16


def test_a_file_that_cannot_be_read_is_an_issue_and_ends_nothing(folder):
    (folder / "a.png").write_bytes(b"no image")
    study = load(folder, HEAD + ROWS, Consensus("majority", "union"))
    assert "unreadable_file" in {one.kind for one in study.issues}
    assert len(study.cases[0].readings) == 3


def test_staple_of_a_manifest_is_that_of_the_masks(folder):
    third = "1;a.png;1;dan;p;ap;[[1,1,4,4]]\n"
    study = load(folder, HEAD + ROWS + third, Consensus("any", "staple"))
    masks = np.zeros((4, 8, 10), bool)
    masks[0, 1:5, 1:5] = masks[3, 1:5, 1:5] = masks[1, 1:5, 2:6] = True
    assert area(study.cases[0]) == agreed_mask(masks, "staple").sum()


def test_staple_of_two_is_refused(folder):
    two = "1;a.png;1;ann;p;ap;[[1,1,4,4]]\n1;a.png;1;ben;p;ap;[[2,1,4,4]]\n"
    assert "staple weighs annotators by each other" in problems(
        folder, HEAD + two, Consensus("any", "staple")
    )


def test_a_rule_without_annotators_is_a_mistake(folder):
    text = "id,image,label\n1,a.png,1\n2,b.png,0\n"
    assert "no column 'annotator'" in problems(folder, text, Consensus("any"))


def test_json_manifests_and_the_fingerprint_know_every_reading(folder):
    rows = [
        {"id": "1", "image": "a.png", "label": 1, "annotator": name, "boxes": [[1, 1, size, 3]]}
        for name, size in (("x", 2), ("y", 3))
    ]
    rule = Consensus("any", "union")

    def read():
        (folder / "m.json").write_text(json.dumps(rows))
        return load_study(DataSpec("manifest", folder, "m.json", consensus=rule))

    before = study_fingerprint(read())
    rows[0]["boxes"] = [[1, 1, 3, 3]]
    assert study_fingerprint(read()) != before


# Pixels


def discs(*circles):
    y, x = np.mgrid[:60, :80]
    return [(x - 40 - right) ** 2 + (y - 30) ** 2 < radius**2 for right, radius in circles]


def slow_staple(masks, steps=500):
    """Expectation and maximization as Warfield 2004 writes them, pixel by pixel."""
    said = np.array([mask.ravel() for mask in masks])
    prior, p, q = said.mean(), np.full(len(said), 0.99999), np.full(len(said), 0.99999)
    for _ in range(steps):
        chance = np.empty(said.shape[1])
        for pixel in range(said.shape[1]):
            yes, no = prior, 1 - prior
            for one in range(len(said)):
                yes *= p[one] if said[one, pixel] else 1 - p[one]
                no *= 1 - q[one] if said[one, pixel] else q[one]
            chance[pixel] = yes / (yes + no)
        before, p = p, np.array([chance[own].sum() for own in said]) / chance.sum()
        q = np.array([(1 - chance)[~own].sum() for own in said]) / (1 - chance).sum()
        if np.abs(before - p).max() < 1e-9:
            break
    return chance.reshape(masks[0].shape)


@pytest.mark.parametrize("circles", [((0, 10), (3, 9), (-2, 12)), ((0, 8), (1, 8), (2, 8), (9, 3))])
def test_staple_is_that_of_a_slow_em(circles):
    masks = discs(*circles)
    np.testing.assert_allclose(staple(masks), slow_staple(masks), atol=1e-4)
    assert (agreed_mask(masks, "staple") == (slow_staple(masks) > 0.5)).all()


def test_staple_finds_nothing_where_nobody_does_and_says_what_it_needs(monkeypatch):
    assert not staple([np.zeros((3, 3), bool)] * 2).any()
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(InstallError, match=r"pip install 'xaudit\[readers\]'"):
        staple(discs((0, 3), (1, 3)))


def test_lesions_are_connected_parts_and_keep_their_pixels():
    mask = np.zeros((8, 10), bool)
    mask[0, 0] = mask[1, 1] = mask[5:7, 3:10] = True
    found = lesions_in(mask, "mask")
    planes = [one.rasterize(GRID) for one in found]
    assert [int(plane.sum()) for plane in planes] == [2, 14]
    assert (np.any(planes, axis=0) == mask).all()
    assert len({one.fingerprint() for one in found}) == 2
    with pytest.raises(DataError, match="10 x 8 pixels"):
        found[0].rasterize(Grid((9, 10)))
