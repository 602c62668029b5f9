import pytest

from xaudit.core.estimate import Estimate


def test_value_and_reason_exclude_each_other():
    with pytest.raises(ValueError, match="value or a reason"):
        Estimate(0.5, 0.4, 0.6, "Wilson", undefined="no cases")
    with pytest.raises(ValueError, match="value or a reason"):
        Estimate()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_are_finite(number):
    with pytest.raises(ValueError, match="finite"):
        Estimate(number, 0.1, 0.2, "Wilson")


def test_value_needs_limits_and_a_named_method():
    with pytest.raises(ValueError, match="both limits"):
        Estimate(0.5)
    with pytest.raises(ValueError, match="both limits"):
        Estimate(0.5, 0.4, 0.6)


def test_limits_are_in_order():
    with pytest.raises(ValueError, match="out of order"):
        Estimate(0.5, 0.6, 0.4, "Wilson")


def test_missing_keeps_the_counts():
    estimate = Estimate.missing("7 positives, 10 needed", k=3, n=7)
    assert (estimate.k, estimate.n, estimate.value) == (3, 7, None)


def test_caution_leaves_an_undefined_estimate_alone():
    missing = Estimate.missing("no cases")
    assert missing.with_caution("few cases") is missing
    assert Estimate(0.5, 0.4, 0.6, "Wilson").with_caution("few").caution == "few"
