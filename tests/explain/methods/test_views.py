"""Maps of a network that sees several views at once: CNN and LSTM, a fracture in one view alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec, Taken, Views
from xaudit.core.grid import Grid
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import ExplainerError
from xaudit.explain.checks.erasing import elsewhere, erased
from xaudit.explain.checks.removal import Removed, importance_order
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.rise import RandomGrids
from xaudit.explain.perturbation.baselines import BASELINES, baseline_of, emptied
from xaudit.explain.perturbation.imputation import imputed
from xaudit.explain.perturbation.superpixels import OUTSIDE, superpixels_of
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.load import detector_of, load_detector
from xaudit.models.spec import DetectorSpec

FOLDER = Path(__file__).parents[3] / "examples" / "small-views"
VIEWS = Views(3, "view", ("ap", "lateral", "oblique"))
SPEC = InputSpec(64, 48, channels=1, mean=(0.35,), std=(0.25,), views=VIEWS)
DETECTOR = DetectorSpec(
    "views", "1", "xaudit.models.reference:views_lstm", FOLDER / "views_lstm.safetensors", SPEC
)
ROWS = 64


@pytest.fixture(scope="module")
def cases():
    study = load_study(DataSpec("manifest", FOLDER, views=VIEWS))
    return [prepare(case, SPEC) for case in study.cases]


@pytest.fixture(scope="module")
def fractured(cases):
    """Two whole examinations and two without a view."""
    positive = [case for case in cases if case.case.label]
    missing = [case for case in cases if None in case.case.views]
    return [*positive[:3], *(case for case in missing if len(case.lesions))][:4]


@pytest.fixture(scope="module")
def evaluator():
    return Evaluator(load_detector(DETECTOR), micro_batch=4)


def view_of(case):
    """Which view the fracture is seen in."""
    (place,) = {int(row) // ROWS for row in np.nonzero(case.lesion_mask)[0]}
    return place


def share_on_view(values, case):
    """Of the positive evidence in the image, what lies on the view of the fracture."""
    evidence = np.maximum(values, 0) * case.inside
    own = evidence[ROWS * view_of(case) :][:ROWS]
    return own.sum() / evidence.sum()


def test_the_order_of_the_views_matters_and_scores_are_those_of_the_network(cases, evaluator):
    network = load_detector(DETECTOR).module.network
    images = np.stack([case.image for case in cases])
    views = torch.from_numpy(images.reshape(len(images), 3, 1, ROWS, 48))
    with torch.no_grad():
        expected = network((views - 0.35) / 0.25)[:, 0]
    np.testing.assert_allclose(evaluator.logits(images), expected, rtol=1e-4, atol=1e-4)
    labels = [case.case.label for case in cases]
    assert ((expected > 0).numpy() == labels).all()


def test_the_feature_maps_lie_where_their_views_are(cases, evaluator):
    layer = evaluator.require_layer()
    assert (layer.name, layer.views, layer.grid) == ("features", 3, (48, 12))
    features = load_detector(DETECTOR).module.network.features
    for case in cases[:2]:
        with torch.no_grad():
            planes = torch.from_numpy(case.image.reshape(3, 1, ROWS, 48))
            alone = features((planes - 0.35) / 0.25)
            stacked = layer.feature_map(alone)
        assert stacked.shape == (1, 16, 48, 12)
        for place in range(3):
            torch.testing.assert_close(stacked[0, :, 16 * place : 16 * (place + 1)], alone[place])


def shares_of(method, parameters, evaluator, cases):
    jobs = [Job(case, make_explainer(method, parameters)) for case in cases]
    outcomes = list(explain_all(evaluator, jobs, Context(3)))
    assert [one.error for one in outcomes] == [None] * len(jobs)
    assert all(one.attribution.values.shape == (3 * ROWS, 48) for one in outcomes)
    return [share_on_view(one.attribution.values, one.job.case) for one in outcomes]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("integrated_gradients", {"steps": 16}), ("occlusion", {"segments": 60}),
        ("shap", {"segments": 60}), ("lime", {"segments": 60, "samples": 400}),
        ("rise", {"samples": 800}),
    ],
)  # fmt: skip
def test_the_mass_lies_on_the_view_that_shows_the_fracture(
    method, parameters, fractured, evaluator
):
    shares = shares_of(method, parameters, evaluator, fractured)
    assert np.mean(shares) > 0.6, shares


class Planted(torch.nn.Module):
    """Dark lines on bone, and an LSTM whose gates are open: the sum over all views, times ten."""

    def __init__(self):
        super().__init__()
        self.lines = torch.nn.Conv2d(1, 1, (9, 1), 2, (4, 0))
        self.features = torch.nn.Sequential(self.lines, torch.nn.ReLU())
        self.lstm = torch.nn.LSTM(1, 1, batch_first=True)
        with torch.no_grad():
            weights = torch.full((9, 1), 1 / 6)
            weights[3:6] = -1 / 3
            self.lines.weight.copy_(weights)
            self.lines.bias.fill_(-0.5)
            for name, one in self.lstm.named_parameters():
                one.fill_(0.0)
                if name == "bias_ih_l0":
                    one.copy_(torch.tensor([20.0, 20.0, 0.0, 20.0]))
                if name == "weight_ih_l0":
                    one[2] = 0.1

    def forward(self, views):
        maps = self.features(views.flatten(0, 1))
        steps, _ = self.lstm(maps.mean(dim=(2, 3)).unflatten(0, (-1, 3)))
        return 100 * steps[:, -1]


def offered(network):
    spec = replace(DETECTOR, weights=None)
    return Evaluator(detector_of(spec, network, Taken()), micro_batch=4)


@pytest.mark.parametrize(
    "method",
    ["gradcam", "layercam", "xgradcam", "gradcam_plus_plus", "eigencam", "score_cam"],
)
def test_maps_of_gradients_and_features_lie_there_where_the_lstm_passes_them_on(method, fractured):
    shares = shares_of(method, {}, offered(Planted()), fractured)
    assert np.mean(shares) > 0.8, shares


def test_gradcam_weights_each_view_by_itself(fractured):
    """By hand, of the features and slopes of each view."""
    case, evaluator = fractured[0], offered(Planted())
    (outcome,) = explain_all(evaluator, [Job(case, make_explainer("gradcam", {}))], Context(3))
    network = Planted()
    planes = torch.from_numpy(case.image.reshape(3, 1, ROWS, 48))
    maps = network.features((planes - 0.35) / 0.25).detach().requires_grad_(True)
    steps, _ = network.lstm(maps.mean(dim=(2, 3))[None])
    (slopes,) = torch.autograd.grad(100 * steps[:, -1].sum(), maps)
    raw = slopes.mean(dim=(2, 3), keepdim=True) * maps.detach()
    large = torch.nn.functional.interpolate(raw, (ROWS, 48), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(
        outcome.attribution.values, large.reshape(-1, 48).numpy(), rtol=1e-3, atol=1e-7
    )


def test_what_knows_one_image_alone_is_refused(cases, evaluator):
    for method, parameters, told in (
        ("gradcam", {"engine": "library"}, "over all views together"),
        ("attention_rollout", {}, "patches of each"),
    ):
        (outcome,) = explain_all(
            evaluator, [Job(cases[0], make_explainer(method, parameters))], Context(3)
        )
        assert isinstance(outcome.error, ExplainerError)
        assert told in str(outcome.error)


def parts(case, values):
    """View by view, of those that are there."""
    return [
        (np.split(values, 3, axis=-2)[at], np.split(case.image, 3, axis=-2)[at],
         np.split(case.shown, 3)[at])
        for at, view in enumerate(case.case.views) if view is not None
    ]  # fmt: skip


@pytest.mark.parametrize("name", BASELINES)
def test_a_view_is_emptied_as_it_is_alone(name, fractured):
    for case in fractured:
        for emptied_view, image, shown in parts(case, emptied(case, name)):
            np.testing.assert_array_equal(emptied_view, baseline_of(image, shown, name))


def test_no_superpixel_joins_two_views(fractured):
    for case in fractured:
        patches = superpixels_of(case, 60, 0.1)
        homes = [set(np.unique(own)) - {OUTSIDE} for own in np.split(patches, 3)]
        assert set.union(*homes) == set(range(int(patches.max()) + 1))
        assert sum(map(len, homes)) == len(set.union(*homes))
        there = [view is not None for view in case.case.views]
        assert [bool(one) for one in homes] == there
        assert 40 <= patches.max() + 1 <= 80


def test_nothing_is_imputed_from_another_view(fractured):
    case = fractured[-1]
    order = importance_order(case.image[0], case.shown, 0)
    removed = Removed(case.image, None, order, np.array([0.5]), "most_first", 0, 3)
    (found,) = removed.build(slice(0, 1)).numpy()
    other = case.image.copy()
    place = next(at for at, view in enumerate(case.case.views) if view is not None)
    other[:, ROWS * place :][:, :ROWS] = 0.9
    (again,) = Removed(other, None, order, np.array([0.5]), "most_first", 0, 3).build(slice(0, 1))
    np.testing.assert_array_equal(
        np.delete(found, np.s_[ROWS * place : ROWS * (place + 1)], axis=1),
        np.delete(again.numpy(), np.s_[ROWS * place : ROWS * (place + 1)], axis=1),
    )
    gone = torch.zeros(1, 3 * ROWS, 48, dtype=torch.bool)
    gone[:, 60:70] = True
    image, shown = torch.from_numpy(case.image), torch.from_numpy(case.shown)
    assert imputed(image, gone, shown, 3).isfinite().all()


@pytest.mark.parametrize("filling", ["impute", "blur"])
def test_a_lesion_at_the_border_of_a_view_is_erased_there_alone(filling, fractured):
    case = fractured[0]
    mask = np.zeros_like(case.inside)
    mask[ROWS - 4 : ROWS, 10:30] = True
    changed = (erased(case, mask, filling) != case.image).any(axis=0)
    assert changed[:ROWS].any()
    assert not changed[ROWS:].any()


def test_what_moves_elsewhere_stays_whole(fractured):
    case = fractured[0]
    mask = np.zeros_like(case.inside)
    mask[10:50, 5:10] = True
    found = elsewhere(case, mask, 20, np.random.default_rng(0))
    assert found
    for moved in found:
        assert len(set(np.nonzero(moved)[0] // ROWS)) == 1
        assert moved.sum() == mask.sum()
    # A shape of two views comes to lie in two views, or does not move at all.
    mask[ROWS + 20 : ROWS + 24, 5:10] = True
    for moved in elsewhere(case, mask, 20, np.random.default_rng(0)):
        counts = np.bincount(np.nonzero(moved)[0] // ROWS)
        assert sorted(counts[counts > 0]) == [20, 200]


def test_masks_of_rise_are_those_of_each_view():
    grids = RandomGrids(Grid((96, 20), views=3), 4, 0.5, 9, 0, 300)
    first = RandomGrids(Grid((32, 20)), 4, 0.5, 9, 0, 300)
    masks = np.stack([grids[row] for row in range(300)])
    np.testing.assert_array_equal(masks[:, :32], np.stack([first[row] for row in range(300)]))
    means = masks.reshape(300, 3, -1).mean(axis=2)
    assert np.abs(np.corrcoef(means.T) - np.eye(3)).max() < 0.2


def test_one_view_alone_is_as_before(cases):
    case = cases[0]
    single = replace(case, grid=Grid(case.grid.plane), case=replace(case.case, views=()))
    np.testing.assert_array_equal(
        emptied(single, "blur"), baseline_of(case.image, case.shown, "blur")
    )
