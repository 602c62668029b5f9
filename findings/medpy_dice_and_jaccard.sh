#!/usr/bin/env bash
# MedPy gives a rightly empty mask a Jaccard coefficient of 1 and no Dice coefficient, though each is a function of the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet medpy==0.5.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from medpy.metric.binary import dc, jc, precision, recall

print("medpy", version("medpy"), "numpy", np.__version__)
nothing = np.zeros((16, 16), dtype=bool)
fracture = nothing.copy()
fracture[4:8, 4:8] = True
half = nothing.copy()
half[4:8, 4:6] = True
cases = {"half of a fracture": (half, fracture), "a false alarm": (fracture, nothing),
         "rightly nothing": (nothing, nothing)}
found = {}
for name, (said, truth) in cases.items():
    found[name] = dc(said, truth), jc(said, truth), precision(said, truth), recall(said, truth)
    print(f"{name:20} Dice {found[name][0]:.3f}, Jaccard {found[name][1]:.3f}, "
          f"precision {found[name][2]:.3f}, recall {found[name][3]:.3f}")
dice, jaccard, sharp, whole = found["rightly nothing"]
expected = all(map(math.isnan, (dice, sharp, whole))) and jaccard == 1
print("as described: of one pair of masks Jaccard is 1, and Dice, precision and recall are nan"
      if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
