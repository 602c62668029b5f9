import numpy as np
import pytest
import torch

from xaudit.explain.numerics.libraries import library


def test_saliency_equals_captum(conv, case, explain):
    theirs = library("captum.attr").Saliency(conv.module).attribute(
        torch.from_numpy(case.image[None]).requires_grad_(), abs=False
    )  # fmt: skip
    np.testing.assert_allclose(
        explain("saliency", conv, case).values, theirs[0].sum(dim=0).abs(), atol=1e-6
    )


def test_input_x_gradient_equals_captum(conv, case, explain):
    theirs = library("captum.attr").InputXGradient(conv.module).attribute(
        torch.from_numpy(case.image[None]).requires_grad_()
    )  # fmt: skip
    np.testing.assert_allclose(
        explain("input_x_gradient", conv, case).values, theirs[0].sum(dim=0).detach(), atol=1e-6
    )


def test_smoothgrad_of_a_linear_detector_is_its_weights(linear, case, weights, explain):
    attribution = explain("smoothgrad", linear, case)
    np.testing.assert_allclose(attribution.values, weights[0], rtol=1e-5)
    assert attribution.residual.converged
    assert attribution.params["samples_used"] == 16


def test_smoothgrad_is_the_mean_gradient_of_noisy_images(conv, case, explain):
    """Against captum with a hundred times the samples: within the noise of the mean."""
    ours = explain("smoothgrad", conv, case, samples=256, sigma=0.02, tolerance=1e-9)
    torch.manual_seed(0)
    theirs = library("captum.attr").NoiseTunnel(
        library("captum.attr").Saliency(conv.module)
    ).attribute(
        torch.from_numpy(case.image[None]).requires_grad_(),
        nt_samples=2000, nt_samples_batch_size=200,
        stdevs=0.02, abs=False,
    )  # fmt: skip
    assert np.corrcoef(ours.values.ravel(), theirs[0, 0].numpy().ravel())[0, 1] > 0.995
    assert ours.params["samples_used"] == 256
    assert ours.residual.converged is False


def test_bad_parameters_are_refused(conv, case, explain):
    with pytest.raises(Exception, match="samples >= 2 and sigma > 0"):
        explain("smoothgrad", conv, case, sigma=0.0)
