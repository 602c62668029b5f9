"""Train the reference detector on phantom patients; the weights that ship were made by this.

    python examples/train_reference_detector.py reference_detector.safetensors

Deterministic on one machine and one release of PyTorch. About eight minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from xaudit.models.reference import SmallCnn, pool, small_cnn
from xaudit.phantom.demo import REFERENCE_INPUT
from xaudit.phantom.study import PhantomStudy, phantom_study

TRAINING, TUNING, HELD_OUT = 7001, 7002, 7003
"""Seeds of the three studies; the demo study has another."""


class Films(NamedTuple):
    """A study on the input grid: images (N, 1, H, W), targets (N,), masks on the feature grid."""

    images: Tensor
    labels: Tensor
    masks: Tensor


def letterboxed(plane: np.ndarray) -> np.ndarray:
    """Bring a plane of gray values to the input grid, area-averaged and padded with 0."""
    height, width = REFERENCE_INPUT.height, REFERENCE_INPUT.width
    scale = min(height / plane.shape[0], width / plane.shape[1])
    size = round(plane.shape[1] * scale), round(plane.shape[0] * scale)
    small = np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    grid = np.zeros((height, width), dtype=plane.dtype)
    grid[top : top + size[1], left : left + size[0]] = small
    return grid


def on_grid(study: PhantomStudy) -> Films:
    """All films of a study as tensors."""
    images = np.stack([letterboxed(case.image) for case in study.cases])
    unions = (case.lesions.any(axis=0).astype(np.uint8) * 255 for case in study.cases)
    masks = torch.from_numpy(np.stack([letterboxed(union) for union in unions]))
    return Films(
        torch.from_numpy(images)[:, None],
        torch.tensor([float(case.label) for case in study.cases]),
        functional.avg_pool2d(masks[:, None].float() / 255, 8),
    )


def normalized(images: Tensor) -> Tensor:
    """Stored gray values as the network takes them."""
    return (images.float() / 255 - REFERENCE_INPUT.mean[0]) / REFERENCE_INPUT.std[0]


def augmented(images: Tensor, masks: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mirror half of the films; vary exposure and contrast of each."""
    flip = torch.rand(len(images), generator=draw) < 0.5
    images, masks = images.clone(), masks.clone()
    images[flip], masks[flip] = images[flip].flip(3), masks[flip].flip(3)
    gain = 1 + 0.15 * torch.randn(len(images), 1, 1, 1, generator=draw)
    shift = 0.15 * torch.randn(len(images), 1, 1, 1, generator=draw)
    return images * gain + shift, masks


def loss_of(evidence: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of the film, and of the grid's cells against the lesions they show.

    Cells with a lesion and cells without are averaged apart: lesions are small.
    """
    film = functional.binary_cross_entropy_with_logits(pool(evidence)[:, 0], labels)
    target = (masks * 2).clamp(max=1)
    cells = functional.binary_cross_entropy_with_logits(
        evidence - math.log(80), target, reduction="none"
    )
    shown = (cells * target).sum() / target.sum().clamp(min=1)
    clear = (cells * (1 - target)).sum() / (1 - target).sum()
    return film + shown + 10 * clear


def train(model: SmallCnn, films: Films, epochs: int) -> None:
    """One cycle of AdamW."""
    draw = torch.Generator().manual_seed(TRAINING)
    size, steps = 24, epochs * (len(films.labels) // 24)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for epoch in range(epochs):
        order = torch.randperm(len(films.labels), generator=draw)
        total, batches = 0.0, order[: len(order) // size * size].split(size)
        for batch in batches:
            images, masks = augmented(normalized(films.images[batch]), films.masks[batch], draw)
            loss = loss_of(model.evidence_map(images), films.labels[batch], masks)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(batches):.3f}", flush=True)


@torch.no_grad()
def scored(model: SmallCnn, films: Films) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels; films with a fracture outside the exposed field included."""
    model.eval()
    logits = torch.cat([model(normalized(part))[:, 0] for part in films.images.split(64)])
    return logits.numpy(), films.labels.numpy() > 0.5


def area_under_curve(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of pairs in the right order."""
    gap = logits[labels][:, None] - logits[~labels][None]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


def threshold_for(logits: np.ndarray, labels: np.ndarray, sensitivity: float) -> float:
    """The greatest threshold, in hundredths, above which at least this share of positives lies."""
    ordered = np.sort(logits[labels])
    missed = math.floor(len(ordered) * (1 - sensitivity))
    return math.ceil(float(ordered[missed]) * 100 - 1) / 100


def figures(logits: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, float]:
    """What the README states."""
    called = logits > threshold
    return {
        "films": len(labels),
        "fractured": int(labels.sum()),
        "auc": round(area_under_curve(logits, labels), 4),
        "threshold": threshold,
        "sensitivity": round(float(called[labels].mean()), 4),
        "specificity": round(float((~called[~labels]).mean()), 4),
    }


def main() -> None:
    """Train, choose the threshold on the tuning study, report on the held-out one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--patients", type=int, default=1400)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--defect", action="append", default=[], help="planted in the training")
    options = parser.parse_args()
    torch.manual_seed(TRAINING)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = small_cnn()
    train(
        model,
        on_grid(phantom_study(TRAINING, options.patients, 0.5, options.defect)),
        options.epochs,
    )
    save_file(model.state_dict(), options.weights)
    logits, labels = scored(model, on_grid(phantom_study(TUNING, 250, 0.45)))
    threshold = threshold_for(logits, labels, 0.85)
    print("tuning:  ", json.dumps(figures(logits, labels, threshold)))
    logits, labels = scored(model, on_grid(phantom_study(HELD_OUT, 250, 0.45)))
    print("held out:", json.dumps(figures(logits, labels, threshold)))
    print("at 0:    ", json.dumps(figures(logits, labels, 0.0)))


if __name__ == "__main__":
    main()
