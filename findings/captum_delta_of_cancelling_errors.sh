#!/usr/bin/env bash
# captum's convergence delta of Integrated Gradients is 0 beside a map of which two thirds are missing: errors of pixels cancel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 captum==0.9.0 "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import torch
from captum.attr import IntegratedGradients

print("torch", torch.__version__.partition("+")[0], "captum", version("captum"))


def step(values):
    """0 below 0.512, 1 above 0.515: a unit that switches within a small part of the path."""
    return ((values - 0.512) / 0.003).clamp(0, 1)


def logit(image):
    """One pixel speaks for a fracture, one as much against it, one counts for what it is."""
    return step(image[:, 0]) - step(image[:, 1]) + image[:, 2]


image = torch.ones(1, 3)
# Each pixel moves the logit by itself.
true = torch.tensor([[1.0, -1.0, 1.0]])
found = {}
for steps in (20, 50, 100, 2000):
    values, delta = IntegratedGradients(logit).attribute(
        image, n_steps=steps, return_convergence_delta=True
    )
    error = float((values - true).abs().sum() / true.abs().sum())
    found[steps] = abs(float(delta)), error
    print(f"{steps:5} steps: map {values[0].tolist()}, delta {float(delta):+.1e}, error {error:.0%}")

for steps, (delta, error) in found.items():
    assert delta < 1e-4, (steps, delta)
# The default is 50 steps.
assert found[50][1] > 0.3, found
assert found[2000][1] < 0.2, found
print("a delta of 0 says that the sum is right; how far single pixels are off it does not say")
PYTHON
