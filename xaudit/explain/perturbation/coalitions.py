"""Superpixels shown and hidden: the evaluations that LIME, SHAP and occlusion share."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.linalg import hadamard

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.explain.engine.inputs import Masked
from xaudit.explain.engine.passes import Pass
from xaudit.explain.perturbation.baselines import check_baseline, emptied
from xaudit.explain.perturbation.superpixels import OUTSIDE, superpixels_of
from xaudit.explain.port import Context

_ALL = 9
"""Up to so many superpixels, every coalition is evaluated."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """How parts of an image are hidden.

    Attributes:
        segments: superpixels to aim at.
        compactness: of the superpixels.
        baseline: shown where a superpixel is hidden.
    """

    segments: int
    compactness: float
    baseline: str

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if not 2 <= self.segments <= 1000:
            raise ValueError(f"2 <= segments <= 1000, got {self.segments}")
        if self.compactness <= 0:
            raise ValueError(f"compactness is positive, got {self.compactness}")


class Coalitions:
    """The superpixels of one case, and coalitions of those that are shown.

    Blocks of coalitions are sampled from the seed of the case alone, so every method that hides in
    the same way asks for the same ones, and they are evaluated once. A block holds the rows of a
    Hadamard matrix with columns chosen and signs changed at random, each row followed by its
    complement: every superpixel is shown in half of them, every two of them together in a
    quarter, and a single row is a fair coin for every superpixel.

    Args:
        case: on the input grid.
        hiding: how parts are hidden.
        context: of the plan.
    """

    def __init__(self, case: PreparedCase, hiding: Hiding, context: Context) -> None:
        self._case, self._hiding = case, hiding
        self._seed = context.seed_for(case, "coalitions")
        self.patches = superpixels_of(case, hiding.segments, hiding.compactness)
        self.count = int(self.patches.max()) + 1

    @cached_property
    def baseline(self) -> FloatArray:
        """The image with everything hidden; (C, H, W)."""
        return emptied(self._case, self._hiding.baseline)

    @property
    def enumerable(self) -> bool:
        """Whether there are so few superpixels that all coalitions can be evaluated."""
        return self.count <= _ALL

    def blocks(self, samples: int) -> range:
        """Numbers of the blocks that hold so many samples, but one at least."""
        return range(max(samples // self.block_size, 1))

    @property
    def block_size(self) -> int:
        """Coalitions in a block."""
        return 2 * self._order

    def all(self) -> BoolArray:
        """Every coalition; (2 ** count, count)."""
        return np.array(list(product([False, True], repeat=self.count)))

    def ends(self) -> BoolArray:
        """Nothing shown, and everything; (2, count)."""
        return np.stack([np.zeros(self.count, dtype=bool), np.ones(self.count, dtype=bool)])

    def alone(self) -> BoolArray:
        """One superpixel shown; (count, count)."""
        return np.eye(self.count, dtype=bool)

    def without(self) -> BoolArray:
        """One superpixel hidden; (count, count)."""
        return ~np.eye(self.count, dtype=bool)

    def block(self, number: int) -> BoolArray:
        """Half of the superpixels shown, more or less; (block_size, count)."""
        rng = np.random.default_rng((self._seed, number))
        # The first column is constant and would leave its superpixel shown in every row.
        columns = 1 + rng.permutation(self._order - 1)[: self.count]
        signs = rng.choice([-1, 1], self.count)
        shown = hadamard(self._order)[:, columns] * signs > 0
        return np.stack([shown, ~shown], axis=1).reshape(-1, self.count)

    def edge_block(self, number: int, share: float) -> BoolArray:
        """Each superpixel shown with this chance, and the complements; (block_size, count)."""
        rng = np.random.default_rng((self._seed, number, 1))
        shown = rng.random((self._order, self.count)) < share
        return np.stack([shown, ~shown], axis=1).reshape(-1, self.count)

    def asked(self, shown: BoolArray, name: Hashable, *, rough: bool = False) -> Pass:
        """The pass over these coalitions, known to all methods by this name.

        Args:
            shown: (N, count).
            name: of these coalitions.
            rough: they are sampled at random and averaged.
        """
        inputs = Masked(self._case.image, self.baseline, self.patches, shown)
        return Pass(inputs, rough=rough, key=("coalitions", self._hiding, name))

    def spread(self, per_patch: npt.NDArray[np.float64]) -> FloatArray:
        """A map in which every pixel carries its share of its superpixel; (count,) → (H, W)."""
        areas = np.bincount(self.patches[self.patches != OUTSIDE], minlength=self.count)
        # The last entry is what lies outside: nothing.
        shares = np.append(per_patch / areas, 0.0)
        return np.asarray(shares[self.patches], dtype=np.float32)

    @property
    def _order(self) -> int:
        """Rows of the smallest Hadamard matrix with a column for every superpixel."""
        return int(2 ** np.ceil(np.log2(self.count + 1)))


def coalitions_of(case: PreparedCase, hiding: Hiding, context: Context) -> Coalitions:
    """The superpixels of a case, cut once for all methods."""
    return context.once(case, hiding, lambda: Coalitions(case, hiding, context))
