import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.case_mix import check_case_mix, matched_findings, strata
from xaudit.core.detector import OperatingPoint
from xaudit.errors import ConfigError
from xaudit.fairness.groups import levels
from xaudit.metrics.scores.discrimination import Predictions

POINTS = (OperatingPoint("a", 0.0, "fixed", ""), OperatingPoint("b", -1.0, "fixed", ""))
STATISTICS = StatisticsConfig(draws=200, case_mix=("view",))


def study(n=400):
    rng = np.random.default_rng(3)
    rows = [
        {"view": view, "sex": sex, "sex × view": f"{sex} × {view}"}
        for view, sex in zip(rng.choice(["ap", ""], n), rng.choice(["f", "m"], n), strict=True)
    ]
    p = Predictions(rng.normal(size=n), rng.random(n) < 0.5, tuple(map(str, range(n))))
    return p, rows


def found(p, rows, statistics=STATISTICS):
    rng = np.random.default_rng(1)
    return list(matched_findings(p, POINTS, levels(rows), statistics, rng))


def test_a_column_is_not_matched_for_itself():
    made = found(*study())
    assert {one.scope["group"] for one in made} == {"sex"}
    assert len(made) == 2 * 2 * 2
    assert {one.metric for one in made} == {"sensitivity_matched_gap", "specificity_matched_gap"}


def test_missing_levels_are_a_kind_of_their_own():
    kinds = strata(("view", "cast"), levels([{"view": "ap"}, {"view": "", "cast": "yes"}]))
    assert kinds.names == ("ap × not recorded", "not recorded × yes")
    assert kinds.codes.tolist() == [0, 1]


def test_few_comparable_cases_carry_no_verdict():
    p, rows = study()
    for row in rows[:-80]:
        row["view"] = row["sex"]
    made = found(p, rows)
    assert all(one.estimate.value is None or one.estimate.caution for one in made)
    assert any("of shared kinds" in (one.estimate.caution or "") for one in made)


def test_unknown_columns_are_refused_and_none_is_fine():
    with pytest.raises(ConfigError, match=r"case_mix: no group 'view'; there is: sex"):
        check_case_mix(STATISTICS, [{"sex": "f"}])
    check_case_mix(StatisticsConfig(), [{"sex": "f"}])
