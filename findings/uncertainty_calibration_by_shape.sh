#!/usr/bin/env bash
# uncertainty-calibration gives one detector a calibration error of 0.1 or of 0, by whether its probabilities come as one column or as two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uncertainty-calibration==0.1.4 numpy==2.4.6 scikit-learn==1.8.0 setuptools==80.9.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import calibration
import numpy as np

print("uncertainty-calibration", version("uncertainty-calibration"), "numpy", np.__version__)
# 1,000 films with probability 0.2, of which 100 show a fracture; 1,000 with 0.8, of which 700 do.
probability = np.repeat([0.2, 0.8], 1000)
fractured = np.concatenate([np.arange(1000) < 100, np.arange(1000) < 700]).astype(int)
one = calibration.get_ece(probability, fractured)
two = calibration.get_ece(np.stack([1 - probability, probability], axis=1), fractured)
print(f"expected calibration error, N probabilities of a fracture: {one:.3f}")
print(f"the same as a table of N x 2 (no fracture, fracture):      {two:.3f}")
print("every probability of a fracture is 0.1 too high; as a table, what counts is how sure the "
      "detector is of whatever it says, and the two errors cancel")
expected = abs(one - 0.1) < 1e-6 and two < 1e-6
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
