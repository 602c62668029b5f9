#!/usr/bin/env bash
# STAPLE of SimpleITK stops before it has converged where there are two annotators.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet SimpleITK==2.5.7 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK as sitk

print("SimpleITK", sitk.Version.VersionString(), "numpy", np.__version__)
rows, columns = np.mgrid[:60, :80]


def disc(row, column, radius):
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def by_definition(masks):
    """Warfield, Zou and Wells 2004, equations 14 to 18, until nothing moves any more."""
    said = np.stack([mask.ravel() for mask in masks]).astype(float)
    prior = said.mean()
    hits = rejections = np.full(len(said), 0.99999)
    before = None
    for step in range(10_000):
        yes = np.log(prior) + (said.T @ np.log(hits) + (1 - said.T) @ np.log(1 - hits))
        no = np.log(1 - prior) + ((1 - said.T) @ np.log(rejections) + said.T @ np.log(1 - rejections))
        weights = 1 / (1 + np.exp(no - yes))
        hits = np.clip(said @ weights / weights.sum(), 1e-12, 1 - 1e-12)
        rejections = np.clip((1 - said) @ (1 - weights) / (1 - weights).sum(), 1e-12, 1 - 1e-12)
        if before is not None and np.abs(weights - before).max() < 1e-12:
            return weights.reshape(rows.shape), step
        before = weights


apart = {}
for masks in ([disc(30, 40, 10), disc(30, 43, 9)], [disc(30, 40, 10), disc(30, 43, 9), disc(31, 41, 9.7)]):
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(1)
    images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    found = sitk.GetArrayFromImage(staple.Execute(images))
    expected, steps = by_definition(masks)
    apart[len(masks)] = float(np.abs(found - expected).max())
    print(f"{len(masks)} annotators: {staple.GetElapsedIterations()} iterations of SimpleITK, {steps} until nothing moves;",
          f"largest difference of a probability {apart[len(masks)]:.2g}")
print("No limit of iterations was set, and no parameter says how near is near enough.")
expected = apart[2] > 1e-3 and apart[3] < 1e-5
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
