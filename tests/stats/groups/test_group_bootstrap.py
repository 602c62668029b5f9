import group_bootstrap as module
import numpy as np
import pytest
from group_bootstrap import CaseTable, draw_groups
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

RNG = np.random.default_rng


def _table(seed, n=60, patients=20, levels=8):
    rng = RNG(seed)
    labels = rng.random(n) < 0.5
    scores = rng.integers(0, levels, n) + 2.0 * labels
    return CaseTable(
        {"hit": (scores > levels / 2) * labels * 1.0, "one": np.ones(n), "positive": labels * 1.0},
        {"sensitivity": ("hit", "positive"), "hits": ("hit", "one")},
        {"auc": scores},
        labels,
        [f"p{i}" for i in rng.integers(0, patients, n)],
    )


def _groups(seed, n=60):
    rng = RNG(seed + 1)
    half = rng.random(n) < 0.5
    return {"all": np.ones(n, bool), "half": half, "rest": ~half, "some": rng.random(n) < 0.3}


def _obvious(table, inside, rows):
    rows = rows[inside[rows]]
    hit, positive = table.columns["hit"][rows], table.columns["positive"][rows]
    labels = table.labels[rows]
    both = labels.any() and not labels.all()
    return [
        hit.sum() / positive.sum() if positive.any() else np.nan,
        hit.mean() if len(rows) else np.nan,
        roc_auc_score(labels, table.areas["auc"][rows]) if both else np.nan,
    ]


@given(st.integers(0, 10**6), st.sampled_from([2, 6, 1000]))
@settings(max_examples=25, deadline=None)
def test_every_draw_is_what_repeated_rows_give(seed, levels):
    table, groups = _table(seed, levels=levels), _groups(seed)
    found = draw_groups(table, groups, RNG(seed), draws=20)
    names, index = np.unique(table.patients, return_inverse=True)
    resampled = RNG(seed).integers(len(names), size=(20, len(names)))
    for draw, patients in enumerate(resampled):
        rows = np.concatenate([np.flatnonzero(index == patient) for patient in patients])
        for g, inside in enumerate(groups.values()):
            assert found.replicates[draw, :, g] == pytest.approx(
                _obvious(table, inside, rows), nan_ok=True
            )
    for g, inside in enumerate(groups.values()):
        expected = _obvious(table, inside, np.arange(60))
        assert found.values[:, g] == pytest.approx(expected, nan_ok=True)


def test_chunks_change_nothing(monkeypatch):
    table, groups = _table(1), _groups(1)
    whole = draw_groups(table, groups, RNG(0), draws=101)
    monkeypatch.setattr(module, "_CHUNK", 200)
    monkeypatch.setattr(module, "_DRAWS", 1)
    parts = draw_groups(table, groups, RNG(0), draws=101)
    assert np.array_equal(whole.replicates, parts.replicates)


def test_acceleration_is_about_that_of_the_jackknife():
    table, groups = _table(2, n=600, patients=300, levels=1000), _groups(2, n=600)
    found = draw_groups(table, groups, RNG(0), draws=2)
    names = np.array(table.patients)
    for g, inside in enumerate(groups.values()):
        without = np.array(
            [_obvious(table, inside, np.flatnonzero(names != p)) for p in np.unique(names[inside])]
        )
        gap = without.mean(axis=0) - without
        expected = (gap**3).sum(axis=0) / (6 * (gap**2).sum(axis=0) ** 1.5)
        assert found.accelerations[:, g] == pytest.approx(expected, abs=0.01)


def test_groups_of_the_same_patients_vary_together():
    table, half = _table(3, n=400, patients=200), RNG(0).random(400) < 0.5
    everyone = np.ones(400, bool)
    groups = {"all": everyone, "same": everyone, "half": half, "rest": ~half, "none": ~everyone}
    found = draw_groups(table, groups, RNG(0), draws=1000)
    assert found.correlation("auc", "all", "same") == pytest.approx(1.0)
    assert 0.5 < found.correlation("auc", "half", "all") < 0.9
    assert found.correlation("auc", "half", "none") is None
    with pytest.raises(ValueError, match="'two' is not among"):
        found.correlation("auc", "two", "all")


def test_counts_are_of_what_a_metric_rests_on():
    table = _table(4)
    found = draw_groups(table, _groups(4), RNG(0), draws=1000)
    estimate = found.estimate("sensitivity", "all")
    positives = [p for p, y in zip(table.patients, table.labels, strict=True) if y]
    assert (estimate.n, estimate.clusters) == (len(positives), len(set(positives)))
    assert "BCa" in estimate.method
    assert "percentile" in found.estimate("auc", "all", "percentile").method


def test_what_has_no_value_says_so():
    table = _table(5)
    groups = {"none": np.zeros(60, bool), "positive": table.labels}
    found = draw_groups(table, groups, RNG(0), draws=50)
    assert "2 needed" in found.estimate("auc", "none").undefined
    assert found.estimate("auc", "positive").undefined == "not defined on this sample"


def test_a_wrong_table_says_what_is_wrong():
    with pytest.raises(ValueError, match="group x: 3 values for 60"):
        draw_groups(_table(0), {"x": np.ones(3, bool)}, RNG(0))
    with pytest.raises(ValueError, match="0 groups"):
        draw_groups(_table(0), {}, RNG(0))
    with pytest.raises(ValueError, match="column a, row 1: nan"):
        CaseTable({"a": np.array([0, np.nan])}, {}, {}, np.ones(2, bool), ["a", "b"])
    with pytest.raises(ValueError, match="scores of s, row 0"):
        CaseTable({}, {}, {"s": np.array([np.nan, 1])}, np.ones(2, bool), ["a", "b"])
    with pytest.raises(ValueError, match="labels: 1 values for 2"):
        CaseTable({}, {}, {}, np.ones(1, bool), ["a", "b"])
