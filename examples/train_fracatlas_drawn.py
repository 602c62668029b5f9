"""Train the networks of `fracatlas_drawn.py` by cross-validation; write a study with its folds.

    python examples/train_fracatlas_drawn.py FRACATLAS TRUNK.safetensors OUT

FRACATLAS is a folder as it was published, TRUNK a MobileNetV2 whose features stay as they are: one
that was trained on none of these films. OUT gets the films, a manifest with the fold of each, and
weights for each fold, trained on the films of the others alone. Fifteen minutes of one core for
600 films; deterministic on one machine and one release of PyTorch.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from fracatlas_drawn import CELL, Drawn
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, max_pool2d

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

SIDE = 320
SEEN = InputSpec(
    SIDE, SIDE, color="gray", channels=3, resize="letterbox", interpolation="area",
    mean=(0.5,), std=(0.5,),
)  # fmt: skip
GROUPS = ("body_region", "view", "hardware", "multiscan", "device")
BATCH, RATE, GAMMA = 16, 1e-3, 2.0
_MIDDLE = 0.3
"""Cells whose center lies in so much of a box, on either side of its middle, are to draw it."""


@dataclass(frozen=True, slots=True)
class Film:
    """What training needs of a film: features of the trunk and of its mirror image, and targets.

    Attributes:
        levels: for both, each level of the trunk, float16.
        drawn: for both, (h, w): whether the cell is to draw a box.
        sides: for both, (4, h, w): distances from the center of the cell, in cells.
        painted: for both, (h, w): whether the cell is to be painted.
    """

    levels: tuple[list[Tensor], list[Tensor]]
    drawn: Tensor
    sides: Tensor
    painted: Tensor


def films(network: Drawn, cases: Sequence[Case]) -> Iterator[Film | None]:
    """One after another; None for a film that cannot be read."""
    for case in cases:
        try:
            prepared = prepare(case, SEEN)
        except DataError:
            yield None
            continue
        image = (torch.from_numpy(prepared.image).expand(3, -1, -1) - 0.5) / 0.5
        both = torch.stack([image, image.flip(-1)])
        with torch.no_grad():
            levels = [one.half() for one in network.levels(both)]
        lesions = torch.from_numpy(prepared.lesions)
        targets = [_targets(one) for one in (lesions, lesions.flip(-1))]
        drawn, sides, painted = (torch.stack(parts) for parts in zip(*targets, strict=True))
        first, second = ([one[row] for one in levels] for row in (0, 1))
        yield Film((first, second), drawn, sides, painted)


def _targets(lesions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which cells draw which box and which are painted, of (L, H, W) planes."""
    count = SIDE // CELL
    centers = (torch.arange(count) + 0.5) * CELL
    drawn, sides = torch.zeros(count, count), torch.zeros(4, count, count)
    for lesion in sorted(lesions, key=lambda one: -int(one.sum())):
        rows, columns = torch.nonzero(lesion, as_tuple=True)
        if not len(rows):
            continue
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        inside = _near(centers, top, bottom)[:, None] & _near(centers, left, right)
        drawn[inside] = 1
        far = torch.stack([
            (centers - left).expand(count, -1), (centers - top)[:, None].expand(-1, count),
            (right - centers).expand(count, -1), (bottom - centers)[:, None].expand(-1, count),
        ]) / CELL  # fmt: skip
        sides[:, inside] = far[:, inside].clamp_min(0.25)
    any_lesion = lesions.any(dim=0).float()[None]
    return drawn, sides, max_pool2d(any_lesion, CELL)[0]


def _near(centers: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Cells near the middle of a side; at least the one that holds the middle."""
    middle, reach = (low + high) / 2, torch.clamp(_MIDDLE * (high - low), min=CELL / 2)
    return (centers - middle).abs() <= reach


def train(network: Drawn, known: Sequence[Film], epochs: int, seed: int) -> None:
    """Fit neck and heads; the trunk stays as it is."""
    heads = [one for name, one in network.named_parameters() if not name.startswith("trunk")]
    optimizer = torch.optim.AdamW(heads, RATE, weight_decay=1e-2)
    rng = np.random.default_rng(seed)
    steps = epochs * -(-len(known) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(epochs):
        for some in np.array_split(rng.permutation(len(known)), -(-len(known) // BATCH)):
            mirrored = rng.integers(2, size=len(some))
            pairs = [(known[film], int(side)) for film, side in zip(some, mirrored, strict=True)]
            optimizer.zero_grad()
            _loss(network, pairs).backward()
            optimizer.step()
            schedule.step()


def _loss(network: Drawn, pairs: Sequence[tuple[Film, int]]) -> Tensor:
    """Focal loss of cells, logarithm of the overlap of boxes, and both losses of masks."""
    levels = [
        torch.stack([film.levels[side][level] for film, side in pairs]).float()
        for level in range(3)
    ]
    drawn, sides, painted = (
        torch.stack([getattr(film, name)[side] for film, side in pairs])
        for name in ("drawn", "sides", "painted")
    )
    features = network.joined(levels)
    logits, masks = network.evidence(features)[:, 0], network.mask(features)[:, 0]
    loss = _focal(logits, drawn) + _focal(masks, painted) + _dice_loss(masks.sigmoid(), painted)
    there = drawn > 0
    if there.any():
        ours = network.sides(features).exp().movedim(1, -1)[there]
        loss = loss - _overlap(ours, sides.movedim(1, -1)[there]).clamp_min(1e-3).log().mean()
    return loss


def _focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Lin et al., Focal loss for dense object detection, ICCV 2017, equation 5."""
    chance = logits.sigmoid()
    wrong = torch.where(wanted > 0, 1 - chance, chance)
    plain = binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (wrong**GAMMA * plain).sum() / wanted.sum().clamp_min(1)


def _dice_loss(chances: Tensor, wanted: Tensor) -> Tensor:
    return 1 - (2 * (chances * wanted).sum() + 1) / (chances.sum() + wanted.sum() + 1)


def _overlap(ours: Tensor, theirs: Tensor) -> Tensor:
    """IoU of boxes around one point, of distances to their sides (left, top, right, bottom)."""
    shared, both = torch.minimum(ours, theirs), (ours, theirs)
    inner = (shared[:, 0] + shared[:, 2]) * (shared[:, 1] + shared[:, 3])
    areas = [(one[:, 0] + one[:, 2]) * (one[:, 1] + one[:, 3]) for one in both]
    return inner / (areas[0] + areas[1] - inner)


def write_study(root: Path, out: Path, cases: Sequence[Case], folds: Sequence[int]) -> None:
    """The films, and a manifest in which outlines, groups and folds stand."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    columns = ("id", "image", "label", "polygons", *GROUPS, "fold")
    with (out / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for case, fold in zip(cases, folds, strict=True):
            assert isinstance(case.image, ImageFile)
            name = case.image.path.name
            shutil.copyfile(case.image.path, out / "images" / name)
            rings = [[[*chain(*ring)] for ring in lesion.parts] for lesion in case.lesions]
            outline = json.dumps(rings) if rings else ""
            groups = [case.groups[one] for one in GROUPS]
            writer.writerow(
                [case.case_id, f"images/{name}", int(case.label), outline, *groups, f"F{fold}"]
            )


def folds_of(cases: Sequence[Case], count: int, seed: int) -> list[int]:
    """A fold for each film, so that each has its share of fractures."""
    rng, fold = np.random.default_rng(seed), np.zeros(len(cases), dtype=int)
    for label in (False, True):
        (of_label,) = np.nonzero([case.label == label for case in cases])
        fold[rng.permutation(of_label)] = np.arange(len(of_label)) % count
    return fold.tolist()


def untrained(trunk: Path, seed: int) -> Drawn:
    """With the features of the trunk, and heads that know nothing."""
    torch.manual_seed(seed)
    network = Drawn().eval()
    known = load_file(trunk)
    network.trunk.load_state_dict(
        {name.removeprefix("features."): value for name, value in known.items()
         if name.startswith("features.") and int(name.split(".")[1]) < len(network.trunk)}
    )  # fmt: skip
    return network.requires_grad_(True)


def main() -> None:
    """Train every fold, and write all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("trunk", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=int, help="the first so many of each label; all")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=25)
    options = parser.parse_args()
    # Steps are small: more threads wait for each other.
    torch.set_num_threads(1)
    study = load_study(DataSpec("fracatlas", options.root.resolve()))
    cases = [
        case
        for label in (True, False)
        for case in [one for one in study.cases if one.label == label][: options.films]
    ]
    fold = folds_of(cases, options.folds, seed=1)
    write_study(options.root, options.out, cases, fold)
    known = list(films(untrained(options.trunk, 0), cases))
    for number in range(options.folds):
        network = untrained(options.trunk, number)
        others = [film for film, own in zip(known, fold, strict=True) if film and own != number]
        train(network, others, options.epochs, number)
        save_file(network.state_dict(), options.out / f"without-F{number}.safetensors")
        print(f"fold {number}: trained on {len(others)} films", flush=True)


if __name__ == "__main__":
    main()
