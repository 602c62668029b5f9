"""Fit the sides of boxes to the features of the reference detector; the weights that ship.

    python examples/train_reference_boxes.py reference_boxes.safetensors

A ridge regression on the cells that lie on a fracture: deterministic, a minute on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from train_reference_detector import letterboxed, normalized

from xaudit.models.reference import CELL, SmallBoxes, small_boxes
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.phantom.study import PhantomStudy, phantom_study

FITTING = 7004
"""Seed of the study; those of the detector and of the demo are others."""
_RIDGE, _LEAST = 1.0, 0.25


def cells(model: SmallBoxes, study: PhantomStudy) -> tuple[np.ndarray, np.ndarray]:
    """Features of cells inside of lesions, (M, 64), and logarithms of distances, (M, 4)."""
    features, distances = [], []
    for case in study.cases:
        image = torch.from_numpy(letterboxed(case.image))[None, None]
        with torch.no_grad():
            seen = model.features(normalized(image))[0].permute(1, 2, 0).numpy()
        for lesion in case.lesions:
            rows, columns = np.nonzero(letterboxed(lesion.astype(np.uint8) * 255) > 127)
            if not len(rows):
                continue
            left, right = columns.min(), columns.max() + 1
            top, bottom = rows.min(), rows.max() + 1
            for row, column in {*zip(rows // CELL, columns // CELL, strict=True)}:
                x, y = (column + 0.5) * CELL, (row + 0.5) * CELL
                sides = np.array([x - left, y - top, right - x, bottom - y]) / CELL
                features.append(seen[row, column])
                distances.append(np.log(np.maximum(sides, _LEAST)))
    return np.array(features, dtype=np.float64), np.array(distances)


def fitted(features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (4, 64) and biases (4,) of a ridge regression."""
    mean, middle = features.mean(axis=0), targets.mean(axis=0)
    centered = features - mean
    gram = centered.T @ centered + _RIDGE * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, centered.T @ (targets - middle)).T
    return weights, middle - weights @ mean


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--patients", type=int, default=400)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = small_boxes().eval()
    model.load_state_dict(load_file(REFERENCE_WEIGHTS), strict=False)
    study = phantom_study(FITTING, options.patients, 0.7)
    weights, biases = fitted(*cells(model, study))
    model.sides.weight.data = torch.from_numpy(weights).float()[:, :, None, None].contiguous()
    model.sides.bias.data = torch.from_numpy(biases).float()
    save_file(model.state_dict(), options.weights)


if __name__ == "__main__":
    main()
