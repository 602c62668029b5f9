"""Error of Integrated Gradients against passes, by where the nodes of the rule lie.

    python benchmarks/ig_nodes.py [DETECTOR ...]

Deterministic: what counts is passes, not seconds. Every path is walked once, with gradients at
1,025 equidistant points, whose trapezoidal sum is the reference; a rule then takes its nodes from
these points. Error: root mean square over the films of the length of the difference to the
reference, relative to that of the reference. A pass forward costs a third of one forward and
backward. What is printed: how many passes a rule needs until its error is at most so large, and
stays so. Then, for what xaudit does unless told otherwise: passes, error, and how far the error
was above the one that the map states.

Walks are kept in build/benchmarks (a quarter of an hour on one core for all detectors).
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from xaudit.core.detector import InputSpec
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Between
from xaudit.explain.engine.passes import Pass
from xaudit.explain.methods.integrated_gradients import IntegratedGradients, refined
from xaudit.explain.numerics.quadrature import AdaptiveTrapezoids, Node, refinements
from xaudit.explain.perturbation.baselines import emptied
from xaudit.models.architectures import build_network
from xaudit.models.load import detector_of
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import Taken
from xaudit.phantom.demo import REFERENCE_ARCHITECTURE, REFERENCE_INPUT, REFERENCE_WEIGHTS
from xaudit.testing import tiny_study
from xaudit.torchvision_operators import torchvision_models

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
FRACATLAS = Path(os.environ.get("XAUDIT_FRACATLAS", SHARED / "fracatlas"))
WEIGHTS = Path(os.environ.get("XAUDIT_DETECTORS", SHARED / "detectors"))
KEPT = ROOT / "build" / "benchmarks"
CELLS = 1024
FILMS = 6
FORWARD = 1 / 3
CLAIMED = 0.2
LEVELS = (0.1, 0.05, 0.03, 0.02)
BUDGETS = sorted({round(9 * 1.06**power) for power in range(61)})


@dataclass(frozen=True)
class Walk:
    """What the detector says along the path from the baseline to one film.

    Attributes:
        maps: (CELLS + 1, CELLS + 1) rotated maps, a row each: their products are those of the
            gradients times the path, and pixels are not needed.
        slopes: sums of the maps: the derivative of the logit.
        logits: at the points.
    """

    maps: np.ndarray
    slopes: np.ndarray
    logits: np.ndarray

    @functools.cached_property
    def truth(self):
        return np.trapezoid(self.maps, dx=1 / CELLS, axis=0)

    @property
    def change(self):
        return self.logits[-1] - self.logits[0]

    def error(self, places, weights):
        found = np.asarray(weights) @ self.maps[places]
        return self.off(found)

    def off(self, found):
        return float(np.linalg.norm(found - self.truth) / np.linalg.norm(self.truth))

    def nodes(self, positions):
        """Of the quadrature that ships; between two points their mean."""
        for at in positions:
            low, high = int(np.floor(at * CELLS)), int(np.ceil(at * CELLS))
            maps, slopes, logits = (
                (one[low] + one[high]) / 2 for one in (self.maps, self.slopes, self.logits)
            )
            yield Node(float(at), float(logits), maps[None], float(slopes))


# Walks.


def walk(evaluator, case, baseline="blur"):
    start = emptied(case, baseline)
    path = case.image - start
    maps, logits = [], []
    for positions in np.array_split(np.linspace(0, 1, CELLS + 1), 33):
        (answer,) = evaluator.answer([Pass(Between(start, case.image, positions), gradients=True)])
        maps.append((answer.gradients * path).sum(axis=1).reshape(len(positions), -1))
        logits.append(answer.logits)
    table = np.concatenate(maps)
    products = (table @ table.T).astype(float)
    return products, table.sum(axis=1, dtype=float), np.concatenate(logits)


def walks(name):
    path = KEPT / f"walks-{name}-{CELLS}.npz"
    if not path.exists():
        detector, cases = DETECTORS[name]()
        evaluator = Evaluator(detector, 8)
        found = [walk(evaluator, case) for case in cases]
        KEPT.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{
            f"{key}{index}": values
            for index, one in enumerate(found)
            for key, values in zip(("gram", "sums", "logits"), one, strict=True)
        })  # fmt: skip
    kept = np.load(path)
    return [
        Walk(rotated(kept[f"gram{index}"]), kept[f"sums{index}"], kept[f"logits{index}"])
        for index in range(len(kept.files) // 3)
    ]


def rotated(products):
    sizes, axes = np.linalg.eigh(products)
    return axes * np.sqrt(np.maximum(sizes, 0))


# Detectors and films.


def films(spec, count=FILMS):
    """Fractured radiographs far apart in the study, or phantoms where there are none."""
    if not FRACATLAS.is_dir():
        return phantoms(spec, count)
    study = load_study(DataSpec(format="fracatlas", root=FRACATLAS))
    return [prepare(case, spec) for case in study.cases if case.label][3::33][:count]


def phantoms(spec, count=FILMS):
    with tempfile.TemporaryDirectory() as folder:
        study = tiny_study(Path(folder) / "study", patients=2 * count, seed=3)
        return [prepare(case, spec) for case in study.cases if case.label][:count]


def of(network, spec):
    network = network.eval().requires_grad_(False)
    return detector_of(DetectorSpec("d", "1", "a:b", None, spec), network, Taken())


class Column(torch.nn.Module):
    """A network with one output, without its axis."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images)[:, 0]


def mobilenet():
    network = build_network("torchvision:mobilenet_v2", {"num_classes": 1})
    network.load_state_dict(load_file(WEIGHTS / "fracatlas_mobilenet_v2_localizing.safetensors"))
    spec = InputSpec(224, 224)
    return of(Column(network), spec), films(spec)


def phantom():
    network = build_network(REFERENCE_ARCHITECTURE, {})
    network.load_state_dict(load_file(REFERENCE_WEIGHTS))
    return of(Column(network), REFERENCE_INPUT), phantoms(REFERENCE_INPUT)


def resnet():
    torch.manual_seed(0)
    return Column(build_network("torchvision:resnet18", {"num_classes": 1}))


def transformer():
    torch.manual_seed(0)
    return Column(torchvision_models().VisionTransformer(96, 8, 4, 4, 64, 128, num_classes=1))


def random(network, side):
    spec = InputSpec(side, side)
    return of(network(), spec), films(spec)


def learned(network, side, rounds, rate):
    """The network after a minute on 256 films; weights are kept."""
    spec, path = InputSpec(side, side), KEPT / f"learned-{network.__name__}.safetensors"
    found = network()
    if path.exists():
        found.load_state_dict(load_file(path))
    else:
        learn(found, spec, rounds, rate)
        save_file(found.state_dict(), path)
    return of(found, spec), films(spec)


def learn(network, spec, rounds, rate):
    study = load_study(DataSpec(format="fracatlas", root=FRACATLAS))
    sides = [[case for case in study.cases if case.label is label][:128] for label in (True, False)]
    cases = [prepare(case, spec) for side in sides for case in side]
    images = torch.from_numpy(np.stack([case.image for case in cases])).repeat(1, 3, 1, 1) * 2 - 1
    labels = torch.tensor([float(case.case.label) for case in cases])
    optimizer = torch.optim.AdamW(network.parameters(), rate)
    network.train()
    for _ in range(rounds):
        for rows in torch.randperm(len(cases)).split(16):
            optimizer.zero_grad()
            logits = network(images[rows])
            functional.binary_cross_entropy_with_logits(logits, labels[rows]).backward()
            optimizer.step()


DETECTORS = {
    "phantom": phantom,
    "mobilenet_v2": mobilenet,
    "resnet18_random": functools.partial(random, resnet, 128),
    "resnet18": functools.partial(learned, resnet, 128, 8, 1e-4),
    "transformer": functools.partial(learned, transformer, 96, 40, 1e-3),
}


# Rules: (walk, other walks, passes) → places and weights.


def trapezoid(places):
    widths = np.diff(places) / CELLS
    weights = np.zeros(len(places))
    weights[:-1] += widths / 2
    weights[1:] += widths / 2
    return places, weights


def at(positions):
    return np.rint(np.asarray(positions) * CELLS).astype(int)


def clenshaw_curtis(_, __, budget):
    """Trefethen, SIAM Review 2008; an even number of intervals."""
    steps = (budget - 1) // 2 * 2
    angles = np.pi * np.arange(steps + 1) / steps
    orders = np.arange(1, steps // 2 + 1)
    factors = np.where(2 * orders == steps, 1.0, 2.0) / (4.0 * orders**2 - 1)
    weights = (1 - np.cos(2 * np.outer(angles, orders)) @ factors) / steps
    weights[[0, -1]] /= 2
    return at((1 + np.cos(angles)) / 2), weights


def gauss(_, __, budget):
    places, weights = np.polynomial.legendre.leggauss(budget)
    return at((places + 1) / 2), weights / 2


def midpoints(_, __, budget):
    return at((np.arange(budget) + 0.5) / budget), np.full(budget, 1 / budget)


def stratified(one, _, budget):
    shift = np.random.default_rng(budget + int(1e6 * abs(one.change))).random(budget)
    return at((np.arange(budget) + shift) / budget), np.full(budget, 1 / budget)


def even(_, __, budget):
    return trapezoid(at(np.linspace(0, 1, budget)))


def by_forwards(one, _, budget, intervals, power, inner):
    """Nodes in proportion to a power of the change of the logit in each interval, seen first.

    Bhat and Raychowdhury 2023 where the power is 1/2; their points are even.
    """
    ends = at(np.linspace(0, 1, intervals + 1))
    left = round(budget - FORWARD * (intervals + 1))
    if left < intervals:
        return even(one, _, budget)
    share = np.abs(np.diff(one.logits[ends])) ** power
    counts = 1 + np.floor(share / share.sum() * (left - intervals)).astype(int)
    places, weights = [], []
    for first, last, count in zip(ends, ends[1:], counts, strict=False):
        inside, parts = inner(one, _, count)
        places.append(first + at(inside / CELLS * (last - first) / CELLS))
        weights.append(parts * (last - first) / CELLS)
    return np.concatenate(places), np.concatenate(weights)


def by_others(_, others, budget, bins=32, floor=0.1):
    """Nodes as dense as is best for the other films: by the cube root of how maps move."""
    moved = [
        (np.diff(one.maps, axis=0) ** 2).sum(axis=1).reshape(bins, -1).mean(axis=1)
        / (one.truth @ one.truth) for one in others
    ]  # fmt: skip
    density = np.mean(moved, axis=0) ** (1 / 3)
    density = (1 - floor) * density / density.mean() + floor
    reached = np.concatenate([[0], np.cumsum(density) / density.sum()])
    positions = np.interp(np.linspace(0, 1, budget), reached, np.linspace(0, 1, bins + 1))
    return trapezoid(np.unique(at(positions)))


def corrected(one, others, budget, rule):
    """The gap of completeness, put where maps go with their sums (a control variate)."""
    places, weights = rule(one, others, budget)
    slopes = one.slopes[places]
    gap = one.change - weights @ slopes
    apart = slopes - weights @ slopes
    return places, weights + gap * weights * apart / (weights @ apart**2)


RULES = {
    "Clenshaw-Curtis (until now)": clenshaw_curtis,
    "Gauss-Legendre (captum)": gauss,
    "midpoints": midpoints,
    "stratified, random": stratified,
    "trapezoids of one width": even,
    "by 4 forwards, root (Bhat)": functools.partial(
        by_forwards, intervals=4, power=0.5, inner=midpoints),
    "by 8 forwards, root (Bhat)": functools.partial(
        by_forwards, intervals=8, power=0.5, inner=midpoints),
    "by 16 forwards, root (Bhat)": functools.partial(
        by_forwards, intervals=16, power=0.5, inner=midpoints),
    "by 16 forwards, Gauss-Legendre": functools.partial(
        by_forwards, intervals=16, power=0.5, inner=gauss),
    "by 16 forwards, linear": functools.partial(
        by_forwards, intervals=16, power=1, inner=midpoints),
    "learned from other films": by_others,
    "Clenshaw-Curtis, corrected": functools.partial(corrected, rule=clenshaw_curtis),
}  # fmt: skip


def adaptive(one, budget):
    """What xaudit does, until its budget is spent."""
    integral = AdaptiveTrapezoids(list(one.nodes(np.linspace(0, 1, 9))))
    while (left := budget - 1 - len(integral)) > 0:
        integral.split(list(one.nodes(integral.middles(refined(len(integral), left)))))
    return integral


def errors(found):
    """Root mean square over the films, budget by budget."""
    scored = {rule: [[one.error(*RULES[rule](one, [o for o in found if o is not one], budget))
                      for one in found] for budget in BUDGETS] for rule in RULES}  # fmt: skip
    scored["adaptive trapezoids (now)"] = [
        [one.off(adaptive(one, budget).integral[0]) for one in found] for budget in BUDGETS
    ]
    return {rule: np.sqrt(np.mean(np.square(rows), axis=1)) for rule, rows in scored.items()}


def needed(curve, level):
    """The smallest budget from which on the error is at most so large; None if none is."""
    above = np.flatnonzero(curve > level)
    first = above[-1] + 1 if len(above) else 0
    return BUDGETS[first] if first < len(BUDGETS) else None


# What happens without a word.


def before(one, tolerance=0.05):
    """Passes and error of Clenshaw and Curtis, doubled from 32 until complete."""
    for steps in refinements(32, 128):
        places, weights = clenshaw_curtis(None, None, steps + 1)
        if abs(weights @ one.slopes[places] / one.change - 1) <= tolerance:
            break
    return steps + 1, one.error(places, weights)


def now(one):
    """Passes, error and stated error of the default."""
    method = IntegratedGradients()
    integral = AdaptiveTrapezoids(list(one.nodes(np.linspace(0, 1, method.steps + 1))))
    while True:
        stated = integral.expected_error
        settled = max(stated, abs(integral.gap / one.change)) <= method.tolerance
        more = refined(len(integral), method.max_steps - len(integral))
        if settled or not more:
            return len(integral) + 1, one.off(integral.integral[0]), stated
        integral.split(list(one.nodes(integral.middles(more))))


def report(name):
    found = walks(name)
    curves = errors(found)
    print(f"\n### {name}: {len(found)} films\n")
    print("| rule | " + " | ".join(f"{level:.0%}" for level in LEVELS) + " |")
    print("|---" * (len(LEVELS) + 1) + "|")
    for rule, curve in curves.items():
        print(f"| {rule} | " + " | ".join(str(needed(curve, one) or "> 300") for one in LEVELS)
              + " |")  # fmt: skip
    old, new = (np.array([side(one) for one in found]) for side in (before, now))
    print(f"\nUnless told otherwise: {old[:, 0].mean():.0f} passes, error {rms(old[:, 1]):.3f}, "
          f"at most {old[:, 1].max():.3f}, until now; {new[:, 0].mean():.0f}, "
          f"{rms(new[:, 1]):.3f}, {new[:, 1].max():.3f} now; the error over the stated one is "
          f"{np.median(new[:, 1] / new[:, 2]):.2f}, at most {(new[:, 1] / new[:, 2]).max():.2f}; "
          f"at any budget at most {worst_ratio(found):.2f} where a map states {CLAIMED:.0%} or "
          "less.")  # fmt: skip


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def worst_ratio(found):
    """Of the error over the stated one, where a map states that it is worth something."""
    ratios = []
    for one in found:
        for budget in (9, 13, 17, 25, 33, 49, 65, 97, 129):
            integral = adaptive(one, budget)
            if integral.expected_error <= CLAIMED:
                ratios.append(one.off(integral.integral[0]) / integral.expected_error)
    return max(ratios)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for detector in sys.argv[1:] or DETECTORS:
        report(detector)
