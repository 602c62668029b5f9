import pytest
from pydantic import ValidationError

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.equivalences import equivalences
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding


def finding(metric, value, low, high, **scope):
    return Finding(metric, {"group": "sex", **scope}, Estimate(value, low, high, "drawn"))


GAPS = [
    finding("sensitivity_gap", 0.01, -0.02, 0.04, level="f", analysis="simultaneous"),
    finding("sensitivity_gap", 0.03, -0.02, 0.08, level="m", analysis="simultaneous"),
    finding("sensitivity_gap", 0.20, 0.10, 0.30, level="x", analysis="simultaneous"),
    finding("sensitivity_gap", 0.00, -0.01, 0.01, level="f", analysis="scored"),
    finding("specificity_gap", 0.00, -0.01, 0.01, level="f", analysis="simultaneous"),
    finding("sensitivity_worst_to_best", 0.02, 0.0, 0.04, analysis="scored"),
]


def test_answers_are_read_from_intervals_that_hold_together():
    found = list(equivalences(GAPS, {"sensitivity": 0.05}))
    assert [one.answer for one in found] == ["equivalent", "not shown", "different", "equivalent"]
    assert {one.margin for one in found} == {0.05}
    assert found[0].scope == GAPS[0].scope
    assert found[0].alpha == pytest.approx(0.025)


def test_without_a_margin_nothing_is_equal():
    assert list(equivalences(GAPS, {})) == []


@pytest.mark.parametrize("margins", [{"ppv": 0.1}, {"auc": 0.0}, {"sensitivity": 5}])
def test_margins_are_of_known_metrics_and_between_0_and_1(margins):
    with pytest.raises(ValidationError):
        StatisticsConfig(margins=margins)
