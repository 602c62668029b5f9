#!/usr/bin/env bash
# The package confidenceinterval gives areas under the ROC curve limits above 1, and a perfect one no width at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet confidenceinterval==1.0.5 scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from confidenceinterval import roc_auc_score

print("confidenceinterval", version("confidenceinterval"))
rng = np.random.default_rng(0)
labels = np.repeat([0, 1], 6)
studies = {
    "five of each, told apart": (np.repeat([0, 1], 5), np.linspace(0.1, 0.9, 10)),
    "six of each": (labels, rng.random(12) + 0.6 * labels),
}
found = {}
for name, (truth, scores) in studies.items():
    area, (low, high) = roc_auc_score(truth, scores, confidence_level=0.95, method="delong")
    found[name] = low, high
    print(f"{name}: area {area:.3f}, 95 % from {low:.3f} to {high:.3f}")
perfect, six = found.values()
expected = perfect == (1.0, 1.0) and six[1] > 1.05
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
