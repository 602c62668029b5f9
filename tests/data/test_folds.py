"""Folds: what they are said to be, what stratification permits, and what leaks."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

from xaudit.data.folds import FoldCase, fold_issues, fold_problems


def cases(labels, folds, patients=None, sites=None):
    return [
        FoldCase(f"line {n}", f"c{n}", str(fold), None if patients is None else str(patients[n]),
                 None if sites is None else sites[n], bool(label))
        for n, (label, fold) in enumerate(zip(labels, folds, strict=True))
    ]  # fmt: skip


def dealt(splitter, labels, groups=None):
    folds = np.zeros(len(labels), dtype=int)
    for fold, (_train, test) in enumerate(splitter.split(labels, labels, groups)):
        folds[test] = fold
    return folds


def kinds(found, design):
    return {one.kind for one in fold_issues(found, design)}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.03, 0.3, 0.5])
def test_folds_that_scikit_learn_stratifies_are_accepted_without_a_word(seed, share):
    rng = np.random.default_rng(seed)
    labels = rng.random(int(rng.integers(100, 300))) < share
    labels[:5] = True
    found = cases(labels, dealt(StratifiedKFold(5, shuffle=True, random_state=seed), labels))
    assert list(fold_problems(found, "stratified")) == []
    assert kinds(found, "stratified") == set()


@pytest.mark.parametrize("seed", range(20))
def test_so_are_folds_of_whole_patients(seed):
    rng = np.random.default_rng(seed)
    patients = np.repeat(np.arange(80), rng.integers(1, 5, 80))
    labels = (rng.random(80) < 0.4)[patients]
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    found = cases(labels, dealt(splitter, labels, patients), patients)
    assert list(fold_problems(found, "stratified")) == []
    assert kinds(found, "stratified") == set()


def test_folds_in_which_the_fractures_are_apart_are_refused():
    labels = np.repeat([1, 0], [40, 60])
    found = cases(labels, dealt(KFold(5), labels))
    problems = list(fold_problems(found, "stratified"))
    assert len(problems) == 5
    assert problems[0].startswith("fold '0' has 20 fractures in 20 cases, 8.0 is its share")
    assert "say folds: k_fold" in problems[0]
    assert list(fold_problems(found, "k_fold")) == []
    assert kinds(found, "k_fold") == set()


def test_folds_that_may_be_drawn_at_random_are_noted_with_their_numbers():
    labels = [1] * 23 + [0] * 27 + [1] * 17 + [0] * 33
    found = cases(labels, [0] * 50 + [1] * 50)
    assert list(fold_problems(found, "stratified")) == []
    first, second = fold_issues(found, "stratified")
    assert (first.kind, first.effect) == ("fold_not_stratified", "noted")
    assert first.detail.startswith("fold '0' has 23 fractures in 50 cases, 20.0 is its share and 1")
    assert second.detail.startswith("fold '1' has 17 fractures")


def test_what_one_patient_brings_is_permitted():
    labels = [1] * 24 + [0] * 26 + [1] * 20 + [0] * 30
    folds, alone = [0] * 50 + [1] * 50, np.arange(100)
    assert kinds(cases(labels, folds, alone), "stratified") == {"fold_not_stratified"}
    two = np.concatenate([[0, 0], alone[2:]])
    assert kinds(cases(labels, folds, two), "stratified") == set()


@pytest.mark.parametrize("design", ["k_fold", "stratified"])
def test_a_fold_is_named_and_not_the_only_one(design):
    said = list(fold_problems(cases([1, 0, 1], ["a", "", "a"]), design))
    assert said[:2] == [
        "line 1: expected a fold, got nothing",
        "a cross-validation has two folds or more, got 1",
    ]


def test_every_fold_with_a_detector_has_cases_and_every_case_a_detector():
    said = list(fold_problems(cases([1, 0], ["a", "x"]), "k_fold", ["a", "b"]))
    assert said == [
        "line 1: expected a fold with a detector ('a', 'b'), got 'x'",
        "fold 'b' has a detector and no case",
    ]


def test_sites_are_left_out_one_by_one():
    apart = cases([1, 0], ["a", "b"], sites=["north", "south"])
    assert list(fold_problems(apart, "leave_one_site_out")) == []
    mixed = cases([1, 0, 1], ["a", "b", "b"], sites=["north", "south", ""])
    said = list(fold_problems(mixed, "leave_one_site_out"))
    assert any("line 2: leave_one_site_out needs its site" in one for one in said)
    assert any("line 1: fold 'b' and site 'south'" in one for one in said)
    assert "columns.site" in next(fold_problems(cases([1, 0], "ab"), "leave_one_site_out"))


@pytest.mark.parametrize("design", ["k_fold", "stratified", "leave_one_site_out"])
def test_a_patient_in_two_folds_is_named_by_its_cases(design):
    found = cases([1, 0, 1, 0], ["a", "b", "a", "b"], patients=["p", "p", "q", "r"])
    (leak,) = (one for one in fold_issues(found, design) if one.kind == "patient_in_two_folds")
    assert "c0 in fold a, c1 in fold b" in leak.detail
    assert "'p'" not in leak.detail
