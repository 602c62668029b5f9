#!/usr/bin/env bash
# MONAI's mean Dice does not see false alarms on normal films, and of a reader who is rightly silent on all of them it is 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 monai==1.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from monai.metrics import DiceMetric

print("torch", torch.__version__.partition("+")[0], "monai", version("monai"))
nothing = torch.zeros(1, 1, 16, 16)
fracture = nothing.clone()
fracture[..., 4:8, 4:8] = 1
fractured, normal = torch.cat([fracture] * 2), torch.cat([nothing] * 2)
everybody = torch.cat([fractured, normal])


def dice(said, truth):
    metric = DiceMetric()
    each = metric(said, truth)[:, 0]
    mean = float(metric.aggregate())
    print(f"  of each film {[round(float(one), 2) for one in each]}, together {mean:.2f}")
    return each, mean


print("two fractured films and two normal ones, all of them marked as they are:")
_, right = dice(everybody, everybody)
print("the same, but both normal films get a fracture that is not there:")
_, alarmed = dice(torch.cat([fracture] * 4), everybody)
print("two normal films, rightly silent:")
each, silent = dice(normal, normal)
expected = right == alarmed == 1 and bool(each.isnan().all()) and silent == 0
print("as described: false alarms cost nothing, and where there is nothing to find the mean is 0"
      if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
