import numpy as np
import pytest
import torch

from xaudit.errors import ConfigError
from xaudit.explain.numerics.libraries import library
from xaudit.explain.perturbation.baselines import baseline_of


def captum(conv, case, baseline, steps):
    start = torch.from_numpy(baseline_of(case.image, case.inside, baseline)[None])
    method = library("captum.attr").IntegratedGradients(conv.module)
    return method.attribute(
        torch.from_numpy(case.image[None]), baselines=start, n_steps=steps
    )[0].sum(dim=0).numpy()  # fmt: skip


@pytest.mark.parametrize("baseline", ["blur", "black", "mean", "inpaint", "0.4"])
def test_both_engines_meet_at_the_integral(conv, case, baseline, explain):
    """The network is piecewise smooth, so two different rules agree only when both are close."""
    fine = captum(conv, case, baseline, 2000)
    ours = explain(
        "integrated_gradients", conv, case, steps=512, max_steps=512, baseline=baseline
    )  # fmt: skip
    np.testing.assert_allclose(ours.values, fine, atol=0.02 * np.abs(fine).max())
    assert ours.forward == 513


def test_the_library_engine_is_captum(conv, case, explain):
    ours = explain(
        "integrated_gradients", conv, case, steps=20, max_steps=20, engine="library"
    ).values
    np.testing.assert_allclose(ours, captum(conv, case, "blur", 20), atol=1e-6)


def test_linear_detector_is_exact(linear, case, weights, explain):
    attribution = explain("integrated_gradients", linear, case)
    start = baseline_of(case.image, case.inside, "blur")
    np.testing.assert_allclose(
        attribution.values, (weights * (case.image - start)).sum(axis=0), atol=1e-5
    )
    assert attribution.residual.value < 1e-4
    assert attribution.residual.converged


def test_intervals_are_halved_and_no_point_is_paid_twice(conv, case, explain):
    loose = explain("integrated_gradients", conv, case, steps=2, tolerance=10.0)
    strict = explain("integrated_gradients", conv, case, steps=2, max_steps=64, tolerance=1e-12)
    assert loose.params["steps_used"] == 2
    assert (strict.params["steps_used"], strict.backward) == (64, 65)
    assert strict.residual.converged is False
    assert 0 < strict.params["expected_error"] < loose.params["expected_error"]


def relative(values, truth):
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)


@pytest.mark.parametrize("steps", [8, 16, 64])
def test_refined_map_is_as_near_the_integral_as_it_says(conv, case, explain, steps):
    truth = captum(conv, case, "blur", 2000)
    ours = explain("integrated_gradients", conv, case, steps=4, max_steps=steps, tolerance=1e-12)
    assert relative(ours.values, truth) < 1.25 * ours.params["expected_error"]


def test_path_stops_when_map_and_sum_are_within_the_tolerance(conv, case, explain):
    ours = explain("integrated_gradients", conv, case, steps=2)
    assert 2 < ours.params["steps_used"] < 32
    assert ours.params["expected_error"] <= 0.05
    assert ours.residual.value <= 0.05
    assert relative(ours.values, captum(conv, case, "blur", 2000)) < 0.06


class Flat(torch.nn.Module):
    """One logit for all images."""

    def forward(self, x):
        return 0.0 * x.sum(dim=(1, 2, 3)) + 1.0


def test_a_detector_that_sees_nothing_is_not_asked_again(port, case, explain):
    flat = port(Flat())
    for engine in ("xaudit", "library"):
        ours = explain("integrated_gradients", flat, case, engine=engine)
        assert ours.params["steps_used"] == 8
        assert ours.params["expected_error"] is None
        assert ours.residual.value is None


def test_captum_is_doubled_until_a_doubling_changes_little(conv, case, explain):
    ours = explain("integrated_gradients", conv, case, steps=2, max_steps=256, engine="library")
    assert 2 < ours.params["steps_used"] < 256
    assert ours.params["expected_error"] <= 0.05


def test_several_baselines_are_averaged_and_their_spread_is_kept(conv, case, explain):
    one, two, both = (
        explain("integrated_gradients", conv, case, baseline=names, tolerance=1e-12)
        for names in ("blur", "black", "blur+black")
    )
    np.testing.assert_allclose(both.values, (one.values + two.values) / 2, atol=1e-6)
    expected = np.linalg.norm(one.values - two.values) / np.linalg.norm(two.values)
    assert both.params["spread_over_baselines"] == pytest.approx(expected, rel=1e-4)
    worst = max(one.residual.value, two.residual.value)
    assert both.residual.value == pytest.approx(worst, rel=1e-4)


def test_bad_parameters_say_what_is_allowed(conv, case, explain):
    with pytest.raises(ConfigError, match="2 <= steps <= max_steps"):
        explain("integrated_gradients", conv, case, steps=1)
    with pytest.raises(ConfigError, match="one of blur, inpaint, mean, black, white"):
        explain("integrated_gradients", conv, case, baseline="blur+grey")
    with pytest.raises(ConfigError, match="engine is one of xaudit, library"):
        explain("integrated_gradients", conv, case, engine="captum")
