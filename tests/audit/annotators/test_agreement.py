"""Agreement of simulated annotators; what is not defined is a reason."""

import numpy as np
import pytest
from simulated_readings import found, material_of, simulated
from sklearn.metrics import cohen_kappa_score

from xaudit.audit.annotators.agreement import _agreement
from xaudit.audit.scores.readings import DICE, DRAWN, MATCHED
from xaudit.audit.store.store import ProbeRow

PAIR = "annotators=reader 1 and reader 2"


def test_coefficients_are_those_of_the_readings(tmp_path):
    rng = np.random.default_rng(2)
    _, said, logits, people = simulated(rng, [(0.9, 0.9), (0.8, 0.95), (0.7, 0.7)])
    said[2][:50] = [None] * 50
    made = found(_agreement, material_of(said, logits, people, tmp_path))
    assert made[f"cohen_kappa[{PAIR}]"].value == pytest.approx(cohen_kappa_score(*said[:2]))
    same = np.mean(np.array(said[0]) == np.array(said[1]))
    assert made[f"annotator_agreement[{PAIR}]"].value == pytest.approx(same)
    assert (made["fleiss_kappa"].n, made["krippendorff_alpha"].n) == (150, 200)
    assert made["krippendorff_alpha"].clusters == 100
    assert all(one.low < one.value < one.high for one in made.values())
    weaker = made["cohen_kappa[annotators=reader 1 and reader 3]"]
    assert weaker.high < made[f"cohen_kappa[{PAIR}]"].low
    assert not [name for name in made if "outline" in name]


def test_undefined_cases_are_reasons(tmp_path):
    people = [f"p{n}" for n in range(40)]
    yes = [True] * 40
    made = found(_agreement, material_of([yes, yes], np.zeros(40), people, tmp_path))
    assert "one category" in made[f"cohen_kappa[{PAIR}]"].undefined
    assert "one category" in made["fleiss_kappa"].undefined
    apart = [[True] * 20 + [None] * 20, [None] * 20 + [False] * 20]
    made = found(_agreement, material_of(apart, np.zeros(40), people, tmp_path))
    assert made[f"cohen_kappa[{PAIR}]"].undefined == "no case was read by both"
    assert made["fleiss_kappa"].undefined == "no case was read by all annotators"
    assert made["krippendorff_alpha"].undefined == "no case was read twice"
    assert not found(_agreement, material_of(apart[:1], np.zeros(40), people, tmp_path))


def test_few_of_a_kind_and_ties_left_out_carry_no_verdict(tmp_path):
    rng = np.random.default_rng(2)
    _, said, logits, people = simulated(rng, [(0.9, 0.9), (0.8, 0.95)])
    made = found(_agreement, material_of(said, logits, people, tmp_path, ties=3))
    assert "3 cases on which annotators tie" in made["fleiss_kappa"].caution
    few = [[True] * 12 + [False] * 88, [True] * 11 + [False] * 89]
    people = [f"p{n}" for n in range(100)]
    made = found(_agreement, material_of(few, np.zeros(100), people, tmp_path))
    assert "12 positives" in made["fleiss_kappa"].caution


def test_outlines_by_hand(tmp_path):
    people = [f"p{n}" for n in range(40)]
    pair = "reader 1 and reader 2"
    more = [
        ProbeRow(f"c{at:04d}", "", metric, pair, level, value, None)
        for at in range(40)
        for metric, level, value in (
            (DRAWN, "", 3.0),
            (DICE, "", 0.5 if at % 2 else 1.0),
            *((MATCHED, iou, float(at % 2)) for iou in ("0.1", "0.25", "0.5")),
        )
    ]
    yes = [True] * 40
    made = found(_agreement, material_of([yes, yes], np.zeros(40), people, tmp_path, more=more))
    assert made[f"outline_dice[{PAIR}]"].value == 0.75
    assert made[f"outline_f1[{PAIR},iou=0.25]"].value == pytest.approx(2 * 20 / 120)
