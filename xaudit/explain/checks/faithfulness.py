"""Faithfulness: what the detector says when parts that maps speak of are taken away."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.explain.checks.removal import IMPUTED, Order, Removed, importance_order
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.memo_keys import IMAGE
from xaudit.explain.engine.passes import Pass, PassAnswer
from xaudit.explain.perturbation.baselines import emptied
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding, coalitions_of
from xaudit.explain.perturbation.superpixels import OUTSIDE
from xaudit.explain.port import Context

Array = npt.NDArray[np.float64]

BASELINES = ("blur", "inpaint", "mean")
FILLINGS = (*BASELINES, IMPUTED)
SHARES = np.array([0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0])
"""Denser at both ends, and as many taken away as kept."""

# No method asks for a block of this number.
_FRESH = 1_000_000
_SEGMENTS, _COMPACTNESS = 48, 0.1
_ORDERS: tuple[Order, ...] = ("most_first", "least_first")


@dataclass(frozen=True, slots=True, eq=False)
class RemovalCurves:
    """Logits while more and more of the image goes, both ways round; (S,) each."""

    most_first: Array
    least_first: Array


@dataclass(frozen=True, slots=True, eq=False)
class Subsets:
    """What random sets of superpixels carry in the map, and cost when they are hidden.

    Attributes:
        marked: (N,) sum of the map.
        falls: (N,) logit of the image minus logit without them.
        areas: (N,) share of the image.
    """

    marked: Array
    falls: Array
    areas: Array


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Everything asked about one map.

    Attributes:
        curves: by what filled the holes, one of `FILLINGS`.
        subsets: by what filled the holes, one of `BASELINES`; empty where none were sampled.
    """

    curves: Mapping[str, RemovalCurves]
    subsets: Mapping[str, Subsets]


def removal(
    case: PreparedCase, values: FloatArray, context: Context, subsets: int
) -> Generator[Sequence[Pass], list[PassAnswer], Removal]:
    """Ask what the detector says without what a map marks.

    Subsets are sampled once for a case and answer for all its maps, and apart from those that LIME
    and SHAP were fitted to: a map is not tested on the images that it was made from.

    Args:
        case: on the input grid.
        values: (H, W), its map.
        context: seeds.
        subsets: how many are hidden under each of `BASELINES`; 0 leaves them out.
    """
    names = BASELINES if subsets else ()
    games = {name: _game(case, name, context) for name in names}
    shown = {name: _drawn(game, subsets) for name, game in games.items()}
    whole, *rest = yield [
        Pass(Images(case.image[None]), key=IMAGE),
        *_curve_passes(case, values, context),
        *(games[name].asked(shown[name], "check") for name in names),
    ]
    logit = float(whole.logits[0])
    curves = [np.append(logit, answer.logits) for answer in rest[: 2 * len(FILLINGS)]]
    pairs = zip(curves[::2], curves[1::2], strict=True)
    found = {
        name: _subsets(games[name], shown[name], values, logit - answer.logits)
        for name, answer in zip(names, rest[2 * len(FILLINGS) :], strict=True)
    }
    return Removal(
        {name: RemovalCurves(*pair) for name, pair in zip(FILLINGS, pairs, strict=True)}, found
    )


def _game(case: PreparedCase, baseline: str, context: Context) -> Coalitions:
    return coalitions_of(case, Hiding(_SEGMENTS, _COMPACTNESS, baseline), context)


def _drawn(game: Coalitions, subsets: int) -> BoolArray:
    # As many whole blocks as hold them all.
    blocks = game.blocks(subsets + game.block_size - 1)
    return np.concatenate([game.block(_FRESH + number) for number in blocks])[:subsets]


def _curve_passes(case: PreparedCase, values: FloatArray, context: Context) -> Iterator[Pass]:
    """For each filling the most important first, then the least important first."""
    seed = context.seed_for(case, "removal")
    order, views = importance_order(values, case.shown, seed), case.grid.views
    for name in FILLINGS:
        filling = None if name == IMPUTED else _baseline(case, name, context)
        for first in _ORDERS:
            yield Pass(Removed(case.image, filling, order, SHARES[1:], first, seed, views))


def _baseline(case: PreparedCase, name: str, context: Context) -> FloatArray:
    return context.once(case, ("filling", name), lambda: emptied(case, name))


def _subsets(game: Coalitions, shown: BoolArray, values: FloatArray, falls: Array) -> Subsets:
    on_patch = game.patches != OUTSIDE
    labels = game.patches[on_patch]
    marks = np.bincount(labels, values[on_patch].astype(np.float64), game.count)
    areas = np.bincount(labels, minlength=game.count) / on_patch.size
    hidden = (~shown).astype(np.float64)
    return Subsets(hidden @ marks, falls, hidden @ areas)
