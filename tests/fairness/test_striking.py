"""Small groups that stand out are named; small groups that are merely small are not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from xaudit.core.detector import OperatingPoint
from xaudit.core.record.finding import Finding, StrikingGroup
from xaudit.fairness.groups import apply_size_rule
from xaudit.fairness.striking import striking_groups
from xaudit.stats.proportions import wilson

POINT = OperatingPoint("default", 0.0, "fixed")


def findings(overall, groups, metric="sensitivity", clusters=None):
    """(k, n) over all, and column → level → (k, n)."""

    def found():
        scope = {"operating_point": "default", "analysis": "scored"}
        yield Finding(metric, scope, wilson(*overall))
        for column, levels in groups.items():
            for level, (k, n) in levels.items():
                one = apply_size_rule(wilson(k, n), n)
                one = replace(one, clusters=clusters or n)
                yield Finding(metric, {**scope, "group": column, "level": level}, one)

    there = tuple(found())

    def find(metric, **scope):
        return next((f for f in there if (f.metric, dict(f.scope)) == (metric, scope)), None)

    detector = SimpleNamespace(operating_points=(POINT,))
    return SimpleNamespace(findings=there, find=find, detector=detector)


@pytest.mark.parametrize("metric", ["sensitivity", "specificity"])
def test_none_of_fifteen_is_named_with_its_limits(metric):
    audit = findings((35, 50), {"tag": {"yes": (35, 35), "no": (0, 15)}}, metric)
    (one,) = striking_groups(audit)
    # The exact upper limit of 0 of 15; one small group takes all of the error.
    high = 1 - 0.025 ** (1 / 15)
    assert one == StrikingGroup(
        metric, "tag", "no", 0, 15, pytest.approx(high), audit.findings[0].estimate.low
    )


def test_what_may_be_chance_is_not_named():
    assert striking_groups(findings((40, 50), {"tag": {"a": (9, 15), "b": (31, 35)}})) == ()
    # 0 of 3 is less than nothing known: the limit is 0.71.
    assert striking_groups(findings((35, 50), {"tag": {"a": (0, 3)}})) == ()


def test_large_groups_are_left_to_their_verdict():
    assert striking_groups(findings((40, 80), {"tag": {"a": (0, 40), "b": (40, 40)}})) == ()


def test_the_error_is_shared_among_small_groups():
    few = {"tag": {"a": (2, 12)}}
    many = {"tag": {"a": (2, 12), **{f"b{n}": (9, 12) for n in range(60)}}}
    assert len(striking_groups(findings((600, 1000), few))) == 1
    assert striking_groups(findings((600, 1000), many)) == ()


def test_fifteen_films_of_three_patients_are_three():
    groups = {"tag": {"no": (0, 15)}}
    assert striking_groups(findings((35, 50), groups, clusters=3)) == ()
    assert len(striking_groups(findings((35, 50), groups, clusters=15))) == 1


def test_the_worst_comes_first():
    groups = {"tag": {"a": (1, 15), "b": (0, 20)}, "site": {"c": (0, 12)}}
    found = striking_groups(findings((900, 1000), groups))
    assert [one.level for one in found] == ["b", "c", "a"]


def test_nobody_is_accused_where_all_are_alike():
    """Of studies in which no group differs, at most one in twenty names any."""
    rng, named = np.random.default_rng(4), 0
    for _ in range(300):
        sizes = rng.integers(3, 29, size=12)
        right = stats.binom.rvs(sizes, 0.8, random_state=rng)
        rest = int(stats.binom.rvs(300, 0.8, random_state=rng))
        levels = {str(n): (int(k), int(size)) for n, (k, size) in
                  enumerate(zip(right, sizes, strict=True))}  # fmt: skip
        overall = (rest + int(right.sum()), 300 + int(sizes.sum()))
        named += bool(striking_groups(findings(overall, {"tag": levels})))
    assert named <= 15


def test_without_an_operating_point_there_is_nothing_to_read():
    audit = findings((35, 50), {"tag": {"no": (0, 15)}})
    audit.detector = SimpleNamespace(operating_points=())
    assert striking_groups(audit) == ()
