#!/usr/bin/env bash
# DeepLIFT of captum has no rule for ReLU6 and SiLU and takes the plain gradient, without a warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 captum==0.9.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import torch
from captum.attr import DeepLift

print("torch", torch.__version__.partition("+")[0], "captum", version("captum"))
expected = True
for kind in (torch.nn.ReLU, torch.nn.ReLU6, torch.nn.SiLU):
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(16, 32), kind(), torch.nn.Linear(32, 1)
    ).eval()
    network[0].weight.data *= 20
    image, baseline = torch.rand(1, 16), torch.zeros(1, 16)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        values = DeepLift(network).attribute(image, baseline, target=0).detach()
    about = [str(one.message) for one in said if kind.__name__ in str(one.message)]
    (slope,) = torch.autograd.grad(network(image.requires_grad_()).sum(), image)
    plain = (slope * image).detach()
    change = float((network(image) - network(baseline)).detach())
    missed = abs(float(values.sum()) - change) / abs(change)
    same = torch.allclose(values, plain, atol=1e-5)
    print(f"{kind.__name__:6} change {change:8.4f}  sum of DeepLIFT {float(values.sum()):8.4f}  "
          f"missed {missed:6.1%}  equals gradient x input: {same}  warnings about it: {len(about)}")
    if kind is torch.nn.ReLU:
        expected &= missed < 1e-3 and not same
    else:
        expected &= missed > 0.005 and same and not about
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
