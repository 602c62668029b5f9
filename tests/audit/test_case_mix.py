import numpy as np
import pytest

from xaudit.audit.case_mix import check_case_mix, matched_findings, strata
from xaudit.audit.config import StatisticsConfig
from xaudit.core.detector import OperatingPoint
from xaudit.errors import ConfigError
from xaudit.fairness.groups import levels
from xaudit.metrics.discrimination import Predictions

POINTS = (OperatingPoint("a", 0.0, "fixed", ""), OperatingPoint("b", -1.0, "fixed", ""))
STATISTICS = StatisticsConfig(draws=200, case_mix=("view",))


def study(n=400):
    rng = np.random.default_rng(3)
    rows = [
        {"view": view, "sex": sex, "sex × view": f"{sex} × {view}"}
        for view, sex in zip(rng.choice(["ap", ""], n), rng.choice(["f", "m"], n), strict=True)
    ]
    p = Predictions(rng.normal(size=n), rng.random(n) < 0.5, tuple(map(str, range(n))))
    return p, rows, rng.multinomial(n, np.full(n, 1 / n), 200).astype(np.float32)


def found(p, rows, counts, statistics=STATISTICS):
    kinds = strata(statistics.case_mix, rows)
    return list(matched_findings(p, POINTS, levels(rows), kinds, statistics, counts))


def test_a_column_is_not_matched_for_itself():
    made = found(*study())
    assert {one.scope["group"] for one in made} == {"sex"}
    assert len(made) == 2 * 2 * 2
    assert {one.metric for one in made} == {"sensitivity_matched_gap", "specificity_matched_gap"}


def test_missing_levels_are_a_kind_of_their_own():
    assert strata(("view", "cast"), [{"view": "ap"}, {"view": "", "cast": "yes"}]) == [
        "ap × not recorded",
        "not recorded × yes",
    ]


def test_few_comparable_cases_carry_no_verdict():
    p, rows, counts = study()
    for row in rows[:-80]:
        row["view"] = row["sex"]
    made = found(p, rows, counts)
    assert all(one.estimate.value is None or one.estimate.caution for one in made)
    assert any("of shared kinds" in (one.estimate.caution or "") for one in made)


def test_unknown_columns_are_refused_and_none_is_fine():
    with pytest.raises(ConfigError, match=r"case_mix: no group 'view'; there is: sex"):
        check_case_mix(STATISTICS, [{"sex": "f"}])
    check_case_mix(StatisticsConfig(), [{"sex": "f"}])
