#!/usr/bin/env bash
# MLstatkit's "recall" of a binary detector is not its sensitivity but the mean of sensitivity and specificity; its permutation test can give p = 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet MLstatkit==0.1.91 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.metadata import version

import numpy as np
from MLstatkit import Bootstrapping, Permutation_test

print("MLstatkit", version("MLstatkit"))
# 100 films, 20 with a fracture: 10 of these are found, and 4 of the 80 others are called too.
truth = np.repeat([1, 0], [20, 80])
called = np.r_[np.repeat([0.9, 0.1], [10, 10]), np.repeat([0.9, 0.1], [4, 76])]
recall, low, high = Bootstrapping(truth, called, "recall", n_bootstraps=500, random_state=0)
precision = Bootstrapping(truth, called, "precision", n_bootstraps=50, random_state=0)[0]
print(f"sensitivity 10/20 = 0.500, specificity 76/80 = 0.950; recall is given as {recall:.3f} ({low:.3f} to {high:.3f})")
print(f"precision 10/14 = {10 / 14:.3f} is given as {precision:.3f}")
rng = np.random.default_rng(0)
better, worse = truth + 0.3 * rng.normal(size=100), truth + 3.0 * rng.normal(size=100)
p = Permutation_test(truth, better, worse, "roc_auc", n_bootstraps=200, random_state=0)[2]
print(f"p of 200 permutations is {p}; counting the one that is there, none is below 1/201")
expected = abs(recall - 0.725) < 1e-9 and low > 0.6 and abs(precision - 0.7990033) < 1e-6 and p == 0
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
