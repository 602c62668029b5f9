"""The detector beside simulated annotators, and under every rule of consensus."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_readings import found, material_of, simulated
from sklearn.metrics import roc_auc_score

from xaudit.audit.annotators.ceiling import _ceiling, by_majority, by_rule

SKILLS = [(0.95, 0.9), (0.8, 0.97), (0.7, 0.85)]
AT = ",operating_point=half"


@given(st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3), min_size=1))
def test_rules_are_those_of_plain_counting(rows):
    calls = np.array(rows, dtype=np.int8)
    for rule in ("majority", "any", "all"):
        for votes, label in zip(rows, by_rule(calls, rule), strict=True):
            said = [vote for vote in votes if vote >= 0]
            if not said or (rule == "majority" and 2 * sum(said) == len(said)):
                assert label == -1
            else:
                most = 2 * sum(said) > len(said)
                assert label == {"majority": most, "any": any(said), "all": all(said)}[rule]


def test_figures_are_those_of_plain_counting(tmp_path):
    rng = np.random.default_rng(3)
    _, said, logits, people = simulated(rng, SKILLS)
    logits[:7] = np.nan
    said[1][:30] = [None] * 30
    made = found(_ceiling, material_of(said, logits, people, tmp_path))
    first = np.array(said[0], dtype=bool)[7:]
    called = logits[7:] > 0
    assert made[f"sensitivity_by_annotator[annotator=reader 1{AT}]"].value == pytest.approx(
        called[first].mean()
    )
    assert made["auc_by_annotator[annotator=reader 1]"].value == pytest.approx(
        roc_auc_score(first, logits[7:])
    )
    others = [
        second if third == second else third if second is None else None
        for second, third in zip(said[1][7:], said[2][7:], strict=True)
    ]
    positive = np.array([other is True for other in others])
    own = made["annotator_sensitivity[annotator=reader 1]"]
    beside = made[f"sensitivity_beside_annotator[annotator=reader 1{AT}]"]
    assert (own.value, own.n) == (pytest.approx(first[positive].mean()), positive.sum())
    assert (beside.value, beside.n) == (pytest.approx(called[positive].mean()), own.n)


def test_rules_order_the_figures_and_few_of_a_kind_have_none(tmp_path):
    rng = np.random.default_rng(5)
    _, said, logits, people = simulated(rng, SKILLS)
    made = found(_ceiling, material_of(said, logits, people, tmp_path))
    counted = [made[f"sensitivity_by_consensus[consensus={rule}{AT}]"].n for rule in
               ("any", "majority", "all")]  # fmt: skip
    assert counted == sorted(counted, reverse=True)
    assert made["auc_by_consensus[consensus=majority]"].value > 0.8
    everybody = [[True] * 200] * 2
    made = found(_ceiling, material_of(everybody, logits, people, tmp_path))
    assert made[f"specificity_by_consensus[consensus=any{AT}]"].undefined
    assert made["auc_by_consensus[consensus=any]"].undefined
    assert not found(_ceiling, material_of(said[:1], logits, people, tmp_path))


def test_intervals_cover_what_was_planted(tmp_path):
    """Against another annotator of known skill, an annotator has a share that is known too."""
    (se_1, sp_1), (se_2, sp_2), prevalence = SKILLS[0], SKILLS[1], 0.4
    sick, well = prevalence * se_2, (1 - prevalence) * (1 - sp_2)
    truth = (sick * se_1 + well * (1 - sp_1)) / (sick + well)
    rng, covered, low = np.random.default_rng(8), 0, 0
    for _ in range(150):
        _, said, logits, people = simulated(rng, SKILLS[:2], images=1)
        made = found(_ceiling, material_of(said, logits, people, tmp_path))
        own = made["annotator_sensitivity[annotator=reader 1]"]
        covered += own.low <= truth <= own.high
        low += own.value < truth
    assert 136 <= covered <= 149
    assert 45 <= low <= 105


def test_nobody_read_it():
    assert by_majority(np.full((2, 2), -1, np.int8)).tolist() == [-1, -1]
