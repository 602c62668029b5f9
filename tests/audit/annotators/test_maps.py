"""Maps on the outlines of each annotator: by hand, and from pixels that were drawn."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_readings import found, material_of

from xaudit.audit.annotators.maps import _maps
from xaudit.audit.scores.annotator_maps import annotator_map_rows
from xaudit.audit.scores.readings import ANNOTATOR
from xaudit.audit.scores.score import AREA_CHANCE
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import Case, PreparedCase
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.core.metric import Undefined

BOX = {"reader 1": np.s_[0:2, 0:2], "reader 2": np.s_[0:2, 1:3], "reader 3": np.s_[3:4, 3:4]}


def drawn(*readers):
    """A case of 4 by 4 pixels, as each of these outlined it."""
    cases = {}
    for name in readers:
        lesions = np.zeros((1, 4, 4), dtype=bool)
        lesions[0][BOX[name]] = True
        inside, grid = np.ones((4, 4), dtype=bool), Grid((4, 4))
        case = Case("a", "p", True, None)
        cases[name] = PreparedCase(case, np.zeros((1, 4, 4)), lesions, inside, grid, grid)
    return cases


def values_of(rows):
    return {(row.metric, row.method, row.facet, row.level): row.value for row in rows}


def test_a_map_is_scored_on_the_outlines_of_each_and_outlines_on_each_other():
    map_ = np.zeros((4, 4), np.float32)
    map_[0, :3] = [1, 2, 5]
    lost = Undefined(Message("the map could not be made"))
    rows = list(annotator_map_rows(drawn(*BOX), {"cam": map_, "lost": lost}))
    made = values_of(rows)
    assert made["mass", "cam", ANNOTATOR, "reader 1"] == pytest.approx(3 / 8)
    assert made["mass", "cam", ANNOTATOR, "reader 2"] == pytest.approx(7 / 8)
    assert (made["hit", "cam", ANNOTATOR, "reader 1"], made["hit", "cam", ANNOTATOR, "reader 2"]) \
        == (0, 1)  # fmt: skip
    assert made["mass", AREA_CHANCE, ANNOTATOR, "reader 3"] == pytest.approx(1 / 16)
    assert made["mass", "", "reader 1", "reader 2"] == pytest.approx(1 / 2)
    assert made["mass", "", "reader 1", "reader 3"] == 0
    assert made["mass", "lost", ANNOTATOR, "reader 1"] is None
    assert {row.undefined for row in rows if row.method == "lost"} == {"the map could not be made"}


def row(case, method, facet, level, value, metric="mass"):
    why = None if value is not None else Message("the map could not be made")
    return ProbeRow(case, method, metric, facet, level, value, why)


@pytest.fixture
def material(tmp_path):
    """Forty cases: reader 1 outlines all, reader 2 those with even numbers, reader 3 none."""
    rows = []
    for at in range(40):
        case, shared = f"c{at:04d}", at % 2 == 0
        for name in ("reader 1", "reader 2")[: 1 + shared]:
            for metric in ("mass", "hit"):
                rows.append(row(case, AREA_CHANCE, ANNOTATOR, name, 0.1, metric))
                mine = 0.5 if name == "reader 1" else 0.8
                value = None if at < 4 else mine
                rows.append(row(case, "gradcam", ANNOTATOR, name, value, metric))
        if shared:
            rows.append(row(case, "", "reader 1", "reader 2", 0.25))
            rows.append(row(case, "", "reader 2", "reader 1", 0.75))
    said = [[True] * 40, [True, False] * 20, [False] * 40]
    people = [f"p{at // 2}" for at in range(40)]
    return replace(
        material_of(said, np.zeros(40), people, tmp_path, more=rows), methods=["gradcam"]
    )


def of_rows(material, rows):
    return found(_maps, replace(material, probed={"readings": rows}, _made={}))


def test_figures_are_those_of_plain_counting(material):
    made = found(_maps, material)
    own = made["mass_by_annotator[analysis=scored,annotator=reader 1,method=gradcam]"]
    assert (own.value, own.n, own.clusters) == (pytest.approx(0.5), 36, 18)
    worst = made["mass_by_annotator[analysis=worst_case,annotator=reader 1,method=gradcam]"]
    assert (worst.value, worst.n) == (pytest.approx(0.5 * 36 / 40), 40)
    beside = made["hit_beside_annotator[analysis=scored,annotator=reader 1,method=gradcam]"]
    assert (beside.value, beside.n) == (pytest.approx(0.8), 18)
    human = made["annotator_mass[annotator=reader 1]"]
    assert (human.value, human.n) == (pytest.approx(0.25), 20)
    chance = made[f"mass_by_annotator[analysis=scored,annotator=reader 2,method={AREA_CHANCE}]"]
    assert (chance.value, chance.n) == (pytest.approx(0.1), 20)
    assert not [name for name in made if "reader 3" in name]
    assert f"mass_by_annotator[analysis=worst_case,annotator=reader 2,method={AREA_CHANCE}]" \
        not in made  # fmt: skip


def test_outlines_that_the_detector_does_not_see_count_for_nobody(material):
    rows = [
        replace(one, value=None, undefined=Message("no lesion inside the image"))
        if one.level == "reader 2" and one.method else one
        for one in material.probed["readings"]
    ]  # fmt: skip
    made = of_rows(material, rows)
    assert made["annotator_mass[annotator=reader 1]"].undefined
    assert "mass_by_annotator[analysis=scored,annotator=reader 1,method=gradcam]" in made
    assert not [name for name in made if "annotator=reader 2" in name]


def test_ties_that_were_left_out_are_said_and_one_reader_is_compared_with_nobody(material):
    rows = [
        replace(one, value=3.0) if one.metric == "ties_left_out" else one
        for one in material.probed["readings"]
    ]
    made = of_rows(material, rows)
    assert all("3 cases on which annotators tie" in one.caution for one in made.values())
    alone = [one for one in rows if one.level not in {"reader 2", "reader 3"}]
    assert not of_rows(material, alone)
