#!/usr/bin/env bash
# The cut-off that roc-utils finds for the objective "chi2" is not where the chi-square statistic is largest: it multiplies by the variance instead of dividing by it.
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
from scipy.stats import chi2_contingency

print("roc-utils", version("roc-utils"))
truth = np.repeat([False, True], [200, 100])
scores = np.random.default_rng(0).normal(size=300) + truth


def chi_square(cut):
    called = scores > cut
    table = [[np.sum(called & truth), np.sum(~called & truth)],
             [np.sum(called & ~truth), np.sum(~called & ~truth)]]
    return chi2_contingency(table, correction=False)[0]


theirs = compute_roc(scores, truth, pos_label=True, objective="chi2").opd["chi2"].opt
best = max(np.sort(scores)[:-1], key=chi_square)
print(f"cut at {theirs:.3f}, chi-square {chi_square(theirs):.2f}; at {best:.3f} it is {chi_square(best):.2f}")
expected = abs(theirs - 2.002) < 0.01 and chi_square(best) > chi_square(theirs) + 4
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
