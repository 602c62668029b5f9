"""The reference detector: its architecture, the weights that ship, how they were made."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xaudit.models.reference import LocalContrast, pool, small_cnn
from xaudit.phantom.demo import (
    REFERENCE_ARCHITECTURE,
    REFERENCE_INPUT,
    REFERENCE_OPERATING_POINT,
    REFERENCE_TARGET_LAYER,
    REFERENCE_WEIGHTS,
)
from xaudit.phantom.study import (
    PhantomStudy,
    expose_patient,
    phantom_study,
    sample_patient,
)

SCRIPT = Path(__file__).parents[2] / "examples" / "train_reference_detector.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_reference_detector", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def detector():
    model = small_cnn()
    model.load_state_dict(load_file(REFERENCE_WEIGHTS), strict=True)
    return model.eval()


@pytest.fixture(scope="module")
def unseen(script):
    study = phantom_study(555, 60, 0.5)
    return study, script.on_grid(study)


def test_network_is_small_and_gives_one_logit_per_image():
    model = small_cnn().eval()
    assert sum(part.numel() for part in model.parameters()) < 300_000
    images = torch.zeros(3, 1, REFERENCE_INPUT.height, REFERENCE_INPUT.width)
    assert model(images).shape == (3, 1)
    assert model.evidence_map(images).shape == (3, 1, 28, 20)


def test_color_and_several_classes_can_be_asked_for():
    assert small_cnn(channels=3, num_classes=2).eval()(torch.zeros(2, 3, 64, 48)).shape == (2, 2)


@pytest.mark.parametrize("shape", [(2, 1, 224, 160), (1, 3, 20, 9), (1, 2, 1, 30), (1, 1, 3, 2)])
def test_local_contrast_is_against_the_mean_of_the_pixels_that_are_there(shape):
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    around = torch.nn.functional.avg_pool2d(images, 9, 1, 4, count_include_pad=False)
    found = LocalContrast()(images)
    torch.testing.assert_close(found[:, : shape[1]], images)
    torch.testing.assert_close(found[:, shape[1] :], 8 * (images - around), atol=1e-5, rtol=0)


def test_pool_is_the_logarithm_of_the_mean_exponential():
    evidence = torch.randn(4, 2, 5, 7, generator=torch.Generator().manual_seed(0))
    expected = np.log(np.exp(evidence.numpy().astype(float)).mean(axis=(2, 3)))
    assert np.allclose(pool(evidence).numpy(), expected, atol=1e-6)


def test_weights_ship_with_the_package_below_two_megabytes():
    assert REFERENCE_WEIGHTS.stat().st_size < 2_000_000
    module, factory = REFERENCE_ARCHITECTURE.split(":")
    assert getattr(importlib.import_module(module), factory) is small_cnn


def test_target_layer_is_the_last_feature_map(detector):
    layer = detector.get_submodule(REFERENCE_TARGET_LAYER)
    assert layer is detector.features[-1]


def test_detector_is_good_but_not_perfect_on_unseen_patients(script, detector, unseen):
    _, films = unseen
    figures = script.figures(*script.scored(detector, films), REFERENCE_OPERATING_POINT.logit)
    assert 0.88 < figures["auc"] < 0.999
    assert figures["sensitivity"] > 0.75
    assert figures["specificity"] > 0.75


def test_evidence_peaks_in_the_lesion_of_most_films_that_are_found(script, detector, unseen):
    _, films = unseen
    logits, labels = script.scored(detector, films)
    found = np.flatnonzero((logits > REFERENCE_OPERATING_POINT.logit) & labels)
    with torch.no_grad():
        evidence = detector.evidence_map(script.normalized(films.images[found]))[:, 0].flatten(1)
    masks = films.masks[found, 0].flatten(1)
    hits = masks.gather(1, evidence.argmax(1, keepdim=True))[:, 0] > 0
    assert hits.float().mean() > 0.8


def test_planted_missed_group_is_missed_by_the_detector(script, detector):
    found = {}
    for defects in (frozenset(), frozenset(["missed_group"])):
        patients = [sample_patient(77, index, 1.0, defects) for index in range(80)]
        cases = [case for p in patients if p.age_band == "65+" for case in expose_patient(p)]
        films = script.on_grid(PhantomStudy(77, defects, tuple(cases)))
        logits, _ = script.scored(detector, films)
        found[defects] = (logits > REFERENCE_OPERATING_POINT.logit).mean()
    before, after = found.values()
    assert before > 0.7
    assert after < before - 0.25


def test_training_script_is_deterministic(script, capsys):
    films = script.on_grid(phantom_study(9, 16, 0.5))

    def trained():
        torch.manual_seed(3)
        model = small_cnn()
        script.train(model, films, epochs=1)
        return model.state_dict()

    first, second = trained(), trained()
    assert "epoch 1 of 1" in capsys.readouterr().out
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_figures_agree_with_scikit_learn(script):
    from sklearn.metrics import recall_score, roc_auc_score

    rng = np.random.default_rng(2)
    labels = rng.random(200) < 0.4
    logits = np.round(rng.standard_normal(200) + labels, 1)
    figures = script.figures(logits, labels, 0.3)
    assert figures["auc"] == pytest.approx(roc_auc_score(labels, logits), abs=1e-4)
    assert figures["sensitivity"] == pytest.approx(recall_score(labels, logits > 0.3), abs=1e-4)
