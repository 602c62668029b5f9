import itertools
import math

import numpy as np
import pytest
import torch

from xaudit.explain.numerics.owen import (
    EDGE,
    Certain,
    Pairs,
    exact_shapley,
    five_places,
    three_places,
)
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import Context


def by_orders(value, count):
    """The mean of what a player adds, over all orders in which players come."""
    shares = np.zeros(count)
    for order in itertools.permutations(range(count)):
        shown = np.zeros(count, dtype=bool)
        for player in order:
            before = value(shown)
            shown[player] = True
            shares[player] += (value(shown) - before) / math.factorial(count)
    return shares


def random_game(count, degree, seed):
    """A polynomial in the players: any interaction up to a degree."""
    rng = np.random.default_rng(seed)
    terms = [
        (list(members), rng.normal())
        for size in range(1, degree + 1)
        for members in itertools.combinations(range(count), size)
    ]
    return lambda shown: sum(weight * shown[..., who].all(axis=-1) for who, weight in terms)


def test_all_coalitions_give_the_definition():
    value = random_game(5, 5, seed=1)
    table = np.array(list(itertools.product([False, True], repeat=5)))
    ours = exact_shapley(table, value(table).astype(float))
    np.testing.assert_allclose(ours.values, by_orders(value, 5), atol=1e-12)
    assert ours.additivity_gap < 1e-12


@pytest.mark.parametrize("degree", [1, 2, 4, 6])
def test_five_places_are_exact_up_to_interactions_of_eight(degree):
    """With all coalitions at a place, the rule of five points leaves no error."""
    count = 7
    value = random_game(count, degree, seed=degree)
    table = np.array(list(itertools.product([False, True], repeat=count)))
    logits = value(table).astype(float)
    exact = exact_shapley(table, logits)
    slopes = {}
    for share in (0.0, (1 - math.sqrt(3 / 7)) / 2, 0.5, (1 + math.sqrt(3 / 7)) / 2, 1.0):
        chance = share ** table.sum(axis=1) * (1 - share) ** (count - table.sum(axis=1))
        slopes[share] = np.array([
            sum(
                chance_without * (with_one - without_one)
                for chance_without, with_one, without_one in zip(
                    (chance / (1 - share if share < 1 else 1))[~table[:, one]]
                    if share < 1 else (table[~table[:, one]].sum(axis=1) == count - 1) * 1.0,
                    logits[table[:, one]], logits[~table[:, one]], strict=True,
                )
            )
            for one in range(count)
        ])  # fmt: skip
    integral = sum(
        weight * slope
        for weight, slope in zip((1 / 20, 49 / 180, 16 / 45, 49 / 180, 1 / 20), slopes.values(),
                                 strict=True)
    )  # fmt: skip
    np.testing.assert_allclose(integral, exact.values, atol=1e-10)


def test_sampled_values_meet_the_exact_ones_within_their_errors():
    count = 12
    value = random_game(count, 3, seed=5)
    table = np.array(list(itertools.product([False, True], repeat=count)))
    exact = exact_shapley(table, value(table).astype(float))
    rng = np.random.default_rng(0)
    half, edge = Pairs.none(count), Pairs.none(count)
    for _ in range(4):
        for share, which in ((0.5, "half"), ((1 + math.sqrt(3 / 7)) / 2, "edge")):
            shown = rng.random((64, count)) < share
            block = np.stack([shown, ~shown], axis=1).reshape(-1, count)
            if which == "half":
                half = half.joined(block, value(block).astype(float))
            else:
                edge = edge.joined(block, value(block).astype(float))
    for found in (three_places(certain(value, count), half),
                  five_places(certain(value, count), half, edge)):  # fmt: skip
        scores = (found.values - exact.values) / found.errors
        assert np.sqrt(np.mean(scores**2)) < 1.6
        assert np.linalg.norm(found.errors) < 0.25 * np.linalg.norm(exact.values)
        assert found.additivity_gap < 0.2
        assert found.values.sum() == pytest.approx(exact.values.sum())


def test_where_simpson_s_rule_fails_the_stated_error_says_so():
    """The logit falls only when nearly everything is shown: steep at one end."""
    count = 24
    weights = np.linspace(0.5, 1.5, count)

    def value(shown):
        return np.exp(14 * (shown @ weights / weights.sum() - 1))

    half, edge = drawn(value, count, 2), drawn(value, count, 2, EDGE)
    rough = three_places(certain(value, count), half)
    finer = five_places(certain(value, count), half, edge)
    exact = values_by_integral(value, weights)
    errors = [np.linalg.norm(one.values - exact) for one in (rough, finer)]
    assert errors[1] < errors[0]
    assert np.linalg.norm(rough.errors) > 0.25 * np.linalg.norm(exact)


def values_by_integral(value, weights):
    """Owen's integral for an exponential of a sum, where the mean over coalitions is a product."""
    scale = 14 / weights.sum()
    shares = (np.arange(4000) + 0.5) / 4000
    gains = np.empty((len(shares), len(weights)))
    factors = np.log(1 + shares[:, None] * (np.exp(scale * weights) - 1))
    for one in range(len(weights)):
        others = factors.sum(axis=1) - factors[:, one]
        gains[:, one] = np.exp(others - 14) * (np.exp(scale * weights[one]) - 1)
    return gains.mean(axis=0)


def certain(value, count):
    nothing, everything = value(np.array([[False] * count, [True] * count])).astype(float)
    alone, without = (value(one).astype(float) for one in (np.eye(count) > 0, np.eye(count) == 0))
    return Certain(nothing, everything, alone, without)


def drawn(value, count, blocks, share=0.5):
    rng = np.random.default_rng(round(100 * share))
    shown = rng.random((64 * blocks, count)) < share
    block = np.stack([shown, ~shown], axis=1).reshape(-1, count)
    return Pairs.none(count).joined(block, value(block).astype(float))


class Interacting(torch.nn.Module):
    """Places whose effects depend on each other."""

    def forward(self, x):
        a, b, c = x[:, 0, :8].mean(dim=(1, 2)), x[:, 0, 8:16].mean(dim=(1, 2)), x[:, 0, 16:]
        return 9 * a * b - 4 * b * c.mean(dim=(1, 2)) + a


def test_few_superpixels_are_enumerated(port, case, explain):
    attribution = explain("shap", port(Interacting()), case, segments=6, samples=80)
    game = Coalitions(case, Hiding(6, 0.1, "blur"), Context(1))
    assert game.count <= 9
    assert attribution.forward == 2**game.count
    assert attribution.residual.value == 0
    assert attribution.params["additivity_gap"] < 1e-5
    value = lambda shown: float(  # noqa: E731
        port(Interacting()).logits(game.asked(shown[None], None).inputs.build(slice(0, 1)).numpy())[
            0
        ]
    )
    per_patch = np.bincount(
        game.patches[game.patches >= 0], weights=attribution.values[game.patches >= 0]
    )
    np.testing.assert_allclose(per_patch, by_orders(value, game.count), atol=1e-4)


def test_sampling_agrees_with_the_library(conv, case, explain):
    ours = explain("shap", conv, case, segments=14, samples=512, tolerance=1e-9)
    theirs = explain("shap", conv, case, segments=14, samples=3000, engine="library")
    assert ours.params["segments_used"] > 9
    assert theirs.residual.converged is None
    patches = Coalitions(case, Hiding(14, 0.1, "blur"), Context(1)).patches
    ours, theirs = (
        np.bincount(patches[patches >= 0], weights=one.values[patches >= 0])
        for one in (ours, theirs)
    )
    assert np.linalg.norm(ours - theirs) < 0.1 * np.linalg.norm(theirs)


def test_linear_detector_is_exact(linear, case, weights, explain):
    attribution = explain("shap", linear, case, segments=14)
    game = Coalitions(case, Hiding(14, 0.1, "blur"), Context(1))
    change = (weights * (case.image - game.baseline))[0]
    exact = np.bincount(game.patches[game.patches >= 0], weights=change[game.patches >= 0])
    np.testing.assert_allclose(attribution.values, game.spread(exact), atol=1e-5)
    assert attribution.residual.converged
    assert attribution.params["additivity_gap"] < 1e-3
