"""Who is audited: enough of each kind, each of them accusable, all of them loadable."""

import re
from pathlib import Path

import pytest
import torch

from xaudit.audit.suspicions.suspicions import KNOWN
from xaudit.core.record.qualification import ACCUSATIONS
from xaudit.gate.policies.policy import read_policy
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.phantom.demo import REFERENCE_INPUT
from xaudit.qualification.accusations import accusation_of, check_policy
from xaudit.qualification.catalogue import DEFECTS, SOUND, entries
from xaudit.qualification.studies import STUDIES
from xaudit.qualification.trial import POLICY, packaged
from xaudit.qualification.weights import write_weights

ROOT = Path(__file__).parents[2]
ALL = (*DEFECTS, *SOUND)


@pytest.fixture(scope="module")
def policy():
    return check_policy(read_policy(packaged(POLICY)))


@pytest.mark.parametrize("quick", [True, False])
def test_twelve_defects_and_four_sound_ones_at_least(quick):
    chosen = entries(quick)
    assert sum(one.subject.planted is not None for one in chosen) >= 12
    assert sum(one.subject.planted is None for one in chosen) >= 4


def test_names_differ_and_studies_exist():
    assert len({one.subject.id for one in ALL}) == len(ALL)
    assert {one.subject.study for one in ALL} == set(STUDIES)


def test_every_accusation_is_planted_and_can_be_raised(policy):
    planted = {one.subject.planted for one in DEFECTS}
    raised = {accusation_of(rule.id) for rule in policy.rules}
    assert planted == set(ACCUSATIONS)
    assert planted - raised == {"explanation", "declaration"}
    named = {one.subject.rule for one in DEFECTS if one.subject.planted == "shortcut"} - {None}
    assert named <= {rule.id for rule in policy.rules}


def test_misdeclared_ones_are_found_by_a_suspicion_that_there_is():
    named = {one.subject.rule for one in DEFECTS if one.subject.planted == "declaration"}
    assert named == {"scores_in_unit_interval", "rows_sum_to_one", "score_depends_on_batch"}
    assert named <= KNOWN.keys()


def test_every_telling_study_is_also_shown_to_a_sound_detector():
    telling = {one.subject.study for one in DEFECTS if one.subject.planted == "shortcut"}
    assert telling <= {one.subject.study for one in SOUND}


def test_page_lists_every_defect_and_marks_the_quick_ones():
    page = (ROOT / "docs" / "reference" / "qualification.md").read_text(encoding="utf-8")
    for entry in DEFECTS:
        mark = " *" if entry.quick else ""
        row = re.search(rf"^\| {entry.subject.id}{re.escape(mark)} \|.*\| (.*) \|$", page, re.M)
        assert row is not None, entry.subject.id
        assert row[1] == entry.subject.planted


@pytest.mark.parametrize("entry", ALL, ids=lambda one: one.subject.id)
def test_detector_loads_from_its_weights(entry, tmp_path):
    path, again = tmp_path / "weights.safetensors", tmp_path / "again.safetensors"
    write_weights(entry, 5, path)
    write_weights(entry, 5, again)
    assert path.read_bytes() == again.read_bytes()
    spec = DetectorSpec(
        entry.subject.id, "", entry.architecture, path, REFERENCE_INPUT,
        OutputSpec(**entry.output), entry.arguments,
    )  # fmt: skip
    detector = load_detector(spec)
    assert detector.target_layer is not None
    assert torch.isfinite(detector.module(torch.rand(2, 1, 224, 160))).all()


def test_weights_are_disturbed_by_the_share_that_was_asked_for(tmp_path):
    plain, disturbed = (next(one for one in SOUND if one.subject.id == name) for name in
                        ("reference", "disturbed-weights"))  # fmt: skip
    tensors = []
    for entry in (plain, disturbed):
        path = tmp_path / f"{entry.subject.id}.safetensors"
        write_weights(entry, 5, path)
        tensors.append(load(path)["features.1.weight"])
    change = (tensors[1] - tensors[0]).std() / tensors[0].std()
    assert float(change) == pytest.approx(0.01, rel=0.2)


def load(path):
    from safetensors.torch import load_file

    return load_file(path)
