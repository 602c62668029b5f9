#!/usr/bin/env bash
# MONAI's 95th percentile of the Hausdorff distance is 0 for a mask that has a speck far away: border pixels count once each, and one of a short border is less than a twentieth.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 monai==1.6.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from monai.metrics import compute_hausdorff_distance

print("torch", torch.__version__.partition("+")[0], "monai", version("monai"))
lesion = torch.zeros(1, 1, 64, 64)
lesion[..., 10:20, 10:20] = 1


def distances(painted):
    """The largest distance, and the 95th percentile."""
    return tuple(
        float(compute_hausdorff_distance(painted, lesion, include_background=True, percentile=share))
        for share in (None, 95)
    )


speck, pair = lesion.clone(), lesion.clone()
speck[..., 50, 50] = 1
pair[..., 50, 50:53] = 1
for name, painted in (("the lesion and a pixel", speck), ("the lesion and three pixels", pair)):
    largest, most = distances(painted)
    print(f"{name} 43 pixels away: largest distance {largest:.1f}, 95th percentile {most:.1f}")
largest, most = distances(speck)
farther = distances(pair)[1]
expected = largest > 40 and most == 0 and farther > 20
print("as described: a pixel that was painted far away costs nothing, three cost all" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
