import numpy as np
import pytest
import torch
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from xaudit.explain.checks.faithfulness import BASELINES, FILLINGS, SHARES, removal
from xaudit.explain.checks.removal import NOISE, Removed, importance_order
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.perturbation.baselines import baseline_of
from xaudit.explain.perturbation.imputation import imputed
from xaudit.explain.port import Context
from xaudit.explain.schedule import Work, carry_out
from xaudit.metrics.maps.faithfulness import (
    faithfulness_correlation,
    infidelity,
    symmetric_relevance_gain,
)

EVERYWHERE = np.ones((24, 24), bool)
SUBSETS = 64


def _smooth(size, seed=0):
    y, x = np.mgrid[:size, :size] / size
    rng = np.random.default_rng(seed)
    picture = 0.4 + 0.2 * np.sin(5 * x + 2) * np.cos(4 * y) + 0.03 * rng.normal(size=x.shape)
    return picture.astype(np.float32)[None]


def _solved(image, gone, inside):
    """ROAD's linear system, pixel by pixel, solved exactly."""
    places = {tuple(place): n for n, place in enumerate(np.argwhere(gone & inside))}
    system, right = lil_matrix((len(places), len(places))), np.zeros(len(places))
    for (y, x), n in places.items():
        weights = {
            (y + dy, x + dx): 1 / 6 if dy == 0 or dx == 0 else 1 / 12
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if (dy or dx) and 0 <= y + dy < inside.shape[0]
            and 0 <= x + dx < inside.shape[1]
            and inside[y + dy, x + dx]
        }  # fmt: skip
        system[n, n] = sum(weights.values())
        for place, weight in weights.items():
            if place in places:
                system[n, places[place]] = -weight
            else:
                right[n] += weight * image[0][place]
    filled = image[0].copy()
    for place, value in zip(places, spsolve(system.tocsr(), right), strict=True):
        filled[place] = value
    return filled


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("clustered", [False, True])
def test_imputation_solves_roads_system_to_within_its_noise(share, clustered):
    size = 48
    image, inside = _smooth(size), np.ones((size, size), bool)
    inside[:, :5] = False
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:size, :size]
    score = np.hypot(y - 20, x - 30) if clustered else rng.random((size, size))
    gone = (score <= np.quantile(score, share)) & inside
    found = imputed(torch.from_numpy(image), torch.from_numpy(gone)[None], torch.from_numpy(inside))
    error = np.abs(found[0, 0].numpy() - _solved(image, gone, inside))[gone]
    assert error.max() < 2 * NOISE
    assert np.sqrt((error**2).mean()) < NOISE


@pytest.mark.parametrize("shape", [(8, 8), (3, 21)])
def test_imputation_of_a_small_piece_is_the_exact_solution(shape):
    image = _smooth(24)[:, : shape[0], : shape[1]].copy()
    inside = np.ones(shape, bool)
    inside[:, 0] = False
    gone = (np.random.default_rng(2).random(shape) < 0.7) & inside
    found = imputed(torch.from_numpy(image), torch.from_numpy(gone)[None], torch.from_numpy(inside))
    expected = _solved(image, gone, inside)[inside]
    np.testing.assert_allclose(found[0, 0].numpy()[inside], expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 200), (2, 90), (120, 3)])
def test_long_pieces_are_filled_with_what_lies_between(shape):
    image = torch.linspace(0, 1, max(shape)).expand(1, min(shape), -1)
    image = image if shape[1] > shape[0] else image.mT
    gone = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0)) < 0.5
    found = imputed(image, gone, torch.ones(shape, dtype=torch.bool))
    assert torch.isfinite(found).all()
    assert (found[0, 0][gone[0]] - image[0][gone[0]]).abs().max() < 0.2


def test_where_nothing_is_left_the_mean_is_seen():
    image = torch.from_numpy(_smooth(24))
    gone = torch.ones(1, 24, 24, dtype=torch.bool)
    found = imputed(image, gone, gone[0])
    assert torch.allclose(found, image.mean().expand_as(found))


def test_the_most_important_go_first_and_equal_ones_in_random_order():
    values = np.array([[3.0, 1, 1], [1, 1, -2]], np.float32)
    inside = np.array([[True] * 3, [True, True, True]])
    order = importance_order(values, inside, 0)
    assert order[0, 0] == 0
    assert order[1, 2] == 5
    assert sorted(order.ravel()) == list(range(6))
    assert any((importance_order(values, inside, seed) != order).any() for seed in range(5))
    inside[0, 0] = False
    assert importance_order(values, inside, 0)[0, 0] == -1


def test_what_is_gone_and_what_stays():
    image = _smooth(24)
    inside = EVERYWHERE.copy()
    inside[:, :4] = False
    values = np.random.default_rng(0).random((24, 24)).astype(np.float32)
    order = importance_order(values, inside, 0)
    filling = np.full_like(image, 7)
    for first, chosen in (("most_first", order < 120), ("least_first", order >= 360)):
        rows = Removed(image, filling, order, np.array([0, 0.25, 1]), first).build(slice(0, 3))
        kept, quarter, nothing = rows[:, 0].numpy()
        assert (kept == image).all()
        assert ((quarter == 7) == (chosen & inside)).all()
        assert ((nothing == 7) == inside).all()
        road = Removed(image, None, order, np.array([0, 0.25, 1]), first, 3)
        built = road.build(slice(0, 3))
        assert torch.equal(built[1:], road.build(slice(1, 3)))
        assert ((built[1, 0].numpy() != image[0]) == (chosen & inside)).all()


def _removals(detector, cases, maps, micro_batch=16):
    works = [
        Work(case, removal(case, maps[place], Context(1), SUBSETS))
        for place, case in enumerate(cases)
    ]
    done = list(carry_out(Evaluator(detector, micro_batch), works, Context(1)))
    assert all(one.error is None for one in done)
    return [one.result for one in done]


def test_a_linear_detector_is_explained_by_its_terms(port, linear, weights, case):
    del port
    truth = weights[0] * case.image[0]
    found, inverted = _removals(linear, [case, case], [truth, -truth])
    for name in FILLINGS:
        curve = found.curves[name]
        assert len(curve.most_first) == len(SHARES)
        assert curve.most_first[0] == pytest.approx(linear.logits(case.image[None])[0], rel=1e-4)
    # Black takes away exactly w·x; what other fillings leave is not what this map promises.
    order = importance_order(truth, case.inside, 0)
    black = np.zeros_like(case.image)
    rows = Removed(case.image, black, order, np.array([0, 0.5, 1]), "most_first")
    logits = linear.logits(rows.build(slice(0, 3)).numpy())
    assert logits[0] - logits[1] == pytest.approx(truth[order < 288].sum(), rel=1e-3)
    for name in BASELINES:
        # The curve of the wrong order is the mirror image.
        assert inverted.curves[name].most_first == pytest.approx(
            found.curves[name].least_first, abs=1e-3
        )
        assert len(found.subsets[name].falls) == SUBSETS


def test_attributions_against_the_baseline_predict_every_subset(linear, weights, case):

    for name in BASELINES:
        against = case.image - baseline_of(case.image, case.inside, name)
        truth = (weights * against)[0]
        (found,) = _removals(linear, [case], [truth])
        subsets = found.subsets[name]
        assert subsets.marked == pytest.approx(subsets.falls, abs=1e-3)
        assert infidelity(subsets.marked, subsets.falls) < 1e-4
        assert faithfulness_correlation(
            subsets.marked, subsets.falls, subsets.areas
        ) == pytest.approx(1, abs=1e-3)
        curve = found.curves[name]
        # On the logit a linear detector falls by every unit: scaled to [0, 1] it is a curve.
        low, high = min(*curve.most_first, *curve.least_first), max(*curve.least_first)
        most, least = ((one - low) / (high - low) for one in (curve.most_first, curve.least_first))
        if most[0] - most[-1] > 0.05:
            assert symmetric_relevance_gain(SHARES, most, least) > 0.1


def test_results_do_not_depend_on_batches_or_company(conv, case):
    values = np.random.default_rng(5).random((24, 24)).astype(np.float32)
    (alone,) = _removals(conv, [case], [values], 7)
    together = _removals(conv, [case, case], [values, -values], 64)[0]
    for name in FILLINGS:
        assert alone.curves[name].most_first == pytest.approx(
            together.curves[name].most_first, abs=1e-5
        )
    for name in BASELINES:
        assert alone.subsets[name].falls == pytest.approx(together.subsets[name].falls, abs=1e-5)


def test_subsets_of_a_case_are_evaluated_once_for_all_its_maps(conv, case):
    values = np.random.default_rng(5).random((24, 24)).astype(np.float32)
    costs = []
    for count in (1, 3):
        evaluator = Evaluator(conv, 16)
        works = [Work(case, removal(case, values, Context(1), SUBSETS)) for _ in range(count)]
        list(carry_out(evaluator, works, Context(1)))
        costs.append(evaluator.cost.forward)
    curves = 2 * len(FILLINGS) * (len(SHARES) - 1)
    assert costs == [1 + curves + 3 * SUBSETS, 1 + 3 * curves + 3 * SUBSETS]


@pytest.mark.parametrize("subsets", [0, 17, SUBSETS, 200])
def test_so_many_subsets_are_drawn_as_are_asked_for(conv, case, subsets):
    values = np.random.default_rng(5).random((24, 24)).astype(np.float32)
    evaluator = Evaluator(conv, 16)
    (done,) = carry_out(
        evaluator, [Work(case, removal(case, values, Context(1), subsets))], Context(1)
    )
    assert sorted(done.result.curves) == sorted(FILLINGS)
    assert sorted(done.result.subsets) == (sorted(BASELINES) if subsets else [])
    for one in done.result.subsets.values():
        assert one.marked.shape == one.falls.shape == one.areas.shape == (subsets,)
        # Complements come in pairs, and no pair comes twice.
        assert len(set(one.marked.round(6))) == subsets
    curves = 2 * len(FILLINGS) * (len(SHARES) - 1)
    assert evaluator.cost.forward == 1 + curves + 3 * subsets


def test_padding_does_not_bleed_into_a_blurred_image():
    inside = np.zeros((40, 40), bool)
    inside[:, 8:30] = True
    rng = np.random.default_rng(0)
    picture = rng.random((1, 40, 40)).astype(np.float32)
    dark, bright = (np.where(inside, picture, np.float32(pad)) for pad in (0, 1))
    one, other = (baseline_of(image, inside, "blur")[:, inside] for image in (dark, bright))
    np.testing.assert_allclose(one, other, atol=1e-6)
    flat = np.where(inside, np.float32(0.6), np.float32(0))[None]
    np.testing.assert_allclose(baseline_of(flat, inside, "blur")[:, inside], 0.6, atol=1e-6)
