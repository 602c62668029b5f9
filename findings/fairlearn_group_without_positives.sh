#!/usr/bin/env bash
# A perfect classifier has the largest equalized odds difference there is, if one group has no positives.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fairlearn==0.15.0 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
from fairlearn.metrics import MetricFrame, equalized_odds_difference, true_positive_rate

print("fairlearn", version("fairlearn"), "scikit-learn", version("scikit-learn"))
labels = np.array([0, 1] * 20 + [0] * 10)
site = np.array(["large"] * 40 + ["small"] * 10)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    rates = MetricFrame(
        metrics=true_positive_rate, y_true=labels, y_pred=labels, sensitive_features=site
    ).by_group.to_dict()
    gap = equalized_odds_difference(labels, labels, sensitive_features=site)
about = [str(one.message) for one in said if "small" in str(one.message) or "positive" in str(one.message)]
print(f"every case is called right; the small site has no positive case: sensitivity {rates}, "
      f"equalized odds difference {gap:g}, warnings about it: {len(about)}")
expected = rates["small"] == 0 and rates["large"] == 1 and gap == 1 and not about
print("as described: what is not defined counts as 0" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
