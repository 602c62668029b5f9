import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.declared_use import declared_findings
from xaudit.core.detector import OperatingPoint
from xaudit.metrics.scores.discrimination import Predictions

POINT = OperatingPoint("tuned", 0.5, "fixed", "")


def study(n=300):
    rng = np.random.default_rng(2)
    labels = rng.random(n) < 0.4
    logits = labels * 1.5 + rng.normal(size=n) - 1
    return Predictions(logits, labels, tuple(map(str, range(n))))


def found(p, **declared):
    statistics = StatisticsConfig(draws=200, **declared)
    return list(declared_findings(p, (POINT,), statistics, 1))


def test_nothing_declared_gives_nothing():
    assert found(study()) == []


def test_what_is_declared_is_reported_under_its_own_scope():
    p = study()
    made = found(
        p, partial_auc=[{"rate": "specificity", "low": 0.8}], at_specificity=[0.9],
        at_sensitivity=[0.9, 0.95], acting=[0.2],
    )  # fmt: skip
    assert [one.id for one in made] == [
        "partial_auc[analysis=scored,specificity=0.8 to 1]",
        "sensitivity_at_specificity[analysis=scored,specificity=0.9]",
        "specificity_at_sensitivity[analysis=scored,sensitivity=0.9]",
        "specificity_at_sensitivity[analysis=scored,sensitivity=0.95]",
        "decision_net_benefit[analysis=scored,strategy=act above this probability,"
        "threshold_probability=0.2]",
        "decision_net_benefit[analysis=scored,strategy=act on every case,"
        "threshold_probability=0.2]",
        "decision_gain[analysis=scored,threshold_probability=0.2]",
        "net_benefit[analysis=scored,operating_point=tuned,threshold_probability=0.2]",
    ]
    assert made[0].estimate.value == pytest.approx(roc_auc_score(p.labels, p.logits, max_fpr=0.2))
    called = p.logits > 0.5
    hits, alarms = (called & p.labels).mean(), (called & ~p.labels).mean()
    assert made[-1].estimate.value == pytest.approx(hits - alarms * 0.25)


def test_few_positives_carry_no_verdict():
    p = study()
    few = p.subset(np.flatnonzero(~p.labels | (np.cumsum(p.labels) <= 12)))
    (one,) = found(few, at_specificity=[0.9])
    assert one.estimate.caution == "12 positives, 30 needed for a verdict"


@pytest.mark.parametrize(
    "declared",
    [
        {"partial_auc": [{"rate": "specificity", "low": 0.9, "high": 0.8}]},
        {"partial_auc": [{"rate": "recall", "low": 0.9}]},
        {"at_specificity": [90]},
        {"acting": [0.0]},
    ],
)
def test_what_cannot_be_declared_is_refused(declared):
    with pytest.raises(ValidationError):
        StatisticsConfig(**declared)
