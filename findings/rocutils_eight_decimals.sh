#!/usr/bin/env bash
# roc-utils rounds scores to eight decimals: of a detector whose probabilities are small, or near 1, the area under the ROC curve becomes that of a coin.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet roc-utils==0.2.2 numpy==1.26.4 scipy==1.11.4 pandas==2.1.4
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from roc_utils import compute_roc
from scipy.special import expit
from scipy.stats import mannwhitneyu

print("roc-utils", version("roc-utils"))
truth = np.repeat([True, False], 100)
logits = np.random.default_rng(0).normal(size=200) + 1.5 * truth
areas = []
for shift in (0.0, -18.0, -24.0):
    score = expit(logits + shift)
    exact = mannwhitneyu(score[truth], score[~truth]).statistic / 100**2
    areas.append((exact, compute_roc(score, truth, pos_label=True).auc))
    print(f"probabilities up to {score.max():.1e}: {exact:.4f} by pairs, {areas[-1][1]:.4f} by roc-utils")
expected = np.ptp([one for one, _ in areas]) == 0 and abs(areas[0][1] - areas[0][0]) < 1e-12
expected = expected and abs(areas[1][1] - areas[1][0]) > 1e-3 and abs(areas[2][1] - 0.5) < 0.02
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
