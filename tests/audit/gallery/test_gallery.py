"""Cases that the card shows, on maps that are made up."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from xaudit.audit.gallery.gallery import Gallery
from xaudit.audit.gallery.gallery_choice import LIMITS
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, MapRow, ScoreRow, array_name
from xaudit.core.detector import OperatingPoint
from xaudit.testing import planted_case

CASES = [f"c{n}" for n in range(6)]


@pytest.fixture
def gallery():
    rng = np.random.default_rng(0)
    arrays = {
        array_name(place, what): rng.random((16, 16)).astype(np.float32)
        for place in range(len(CASES))
        for what in ("a", "b", "broken")
    }
    arrays |= {array_name(place, "inside"): np.ones((16, 16), bool) for place in range(len(CASES))}
    rows = [CaseRow(one, one, False, {}, -1.0, 0, "none", True) for one in CASES]
    maps = [
        MapRow(one, method, {}, degenerate="is constant" if method == "broken" else None)
        for one in CASES for method in ("a", "b", "broken")
    ]  # fmt: skip
    scores = [ScoreRow(one, "a", "agreement", n / 10, None, at="b") for n, one in enumerate(CASES)]
    results = Results(
        SimpleNamespace(arrays=lambda _: arrays), tuple(rows), tuple(scores), tuple(maps),
        {one: (0, place) for place, one in enumerate(CASES)},
    )  # fmt: skip
    point = OperatingPoint("default", 0.0, "fixed", "")
    return Gallery(results, {}, None, (point,), ("a", "b", "broken"))


def test_no_case_is_shown_where_none_may_be(gallery):
    assert gallery.choose()
    assert replace(gallery, pictured=False).choose() == []


def test_cases_on_which_methods_disagree_most_are_shown_with_what_they_agree_on(gallery):
    chosen = gallery.choose()
    assert [one.row.case_id for one in chosen] == CASES[: LIMITS["disagreement"]]
    assert LIMITS["disagreement"] > 1
    shown = gallery.case(chosen[0], planted_case([], (16, 16)))
    assert [one.method for one in shown.maps] == ["a", "b", "broken", "consensus"]
    together = gallery.values(chosen[0].row, "consensus")
    a, b = (gallery.values(chosen[0].row, name).ravel() for name in "ab")
    ranks = [(one[:, None] >= one[None]).sum(axis=1) / one.size for one in (a, b)]
    expected = np.maximum(np.mean(ranks, axis=0) - 0.5, 0)
    np.testing.assert_allclose(together.ravel(), expected, atol=1e-6)
