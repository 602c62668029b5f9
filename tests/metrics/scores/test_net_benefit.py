import numpy as np
import pytest
from scipy.special import expit

from xaudit.metrics.scores.discrimination import Predictions
from xaudit.metrics.scores.net_benefit import decision_curve, net_benefit

RNG = np.random.default_rng


@pytest.fixture
def predictions():
    rng = RNG(0)
    logits = 2 * rng.normal(size=600) - 1
    return Predictions(
        logits, rng.random(600) < expit(logits), tuple(str(i // 2) for i in range(600))
    )


def test_value_is_that_of_vickers_and_elkin(predictions):
    p = predictions
    table = p.table
    found = net_benefit(p, 0.2, RNG(0))
    assert found.value == pytest.approx(table.tp / 600 - table.fp / 600 * 0.2 / 0.8)
    assert found.low < found.value < found.high
    for point in decision_curve(p, (0.05, 0.3, 0.7), RNG(0)):
        acted, t = (expit(p.logits) > point.threshold) * 1.0, point.threshold
        by_case = np.where(p.labels, acted, -acted * t / (1 - t))
        everyone = np.where(p.labels, 1.0, -t / (1 - t)).mean()
        assert point.model.value == pytest.approx(by_case.mean())
        assert point.treat_all.value == pytest.approx(everyone)
        assert point.gain.value == pytest.approx(by_case.mean() - max(everyone, 0))


def test_a_declared_prevalence_is_that_of_a_study_with_copies_of_cases(predictions):
    p = predictions
    rows = np.concatenate([np.flatnonzero(p.labels), np.repeat(np.flatnonzero(~p.labels), 9)])
    copied = p.subset(rows)
    found = net_benefit(p, 0.1, RNG(0), prevalence=copied.labels.mean(), draws=10)
    assert found.value == pytest.approx(net_benefit(copied, 0.1, RNG(0), draws=10).value)


def test_a_perfect_detector_is_worth_the_prevalence_and_a_useless_one_gains_nothing():
    labels = np.arange(100) < 30
    names = tuple(map(str, range(100)))
    perfect = Predictions(np.where(labels, 9.0, -9.0), labels, names)
    assert net_benefit(perfect, 0.3, RNG(0)).value == pytest.approx(0.3)
    useless = Predictions(RNG(1).normal(size=100), labels, names)
    for point in decision_curve(useless, (0.25, 0.35), RNG(0)):
        assert point.gain.low < 0


def test_what_has_no_value_says_so(predictions):
    with pytest.raises(ValueError, match="threshold"):
        net_benefit(predictions, 1.0, RNG(0))
    with pytest.raises(ValueError, match="prevalence"):
        decision_curve(predictions, (0.5,), RNG(0), prevalence=0.0)
    healthy = predictions.subset(~predictions.labels)
    assert net_benefit(healthy, 0.5, RNG(0), draws=5).undefined == "no positive cases"
    single = Predictions(np.array([1.0, -1.0]), np.array([True, False]), ("a", "a"))
    assert "2 needed" in net_benefit(single, 0.5, RNG(0), draws=5).undefined
