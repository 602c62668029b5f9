#!/usr/bin/env bash
# cleanlab's list of label errors "by noise rate" holds no wrong label of one class, although its own estimate counts every one of them: what the model's argmax agrees with is taken out at the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet cleanlab==2.9.0 numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues

print("cleanlab", version("cleanlab"), "numpy", version("numpy"))
rng = np.random.default_rng(0)
truth = rng.random(1200) < 0.5
given = truth ^ (rng.random(1200) < 0.05)
# The scores rank without an error, and none of them passes 0.5: a screening model that is not calibrated.
score = 0.4 / (1 + np.exp(-(np.where(truth, 3.0, -3.0) + rng.normal(0, 0.5, 1200))))
chances = np.column_stack([1 - score, score])
labels = given.astype(int)
listed = find_label_issues(labels, chances, filter_by="prune_by_noise_rate")
joint = compute_confident_joint(labels, chances)
wrong_positive, wrong_negative = given & ~truth, ~given & truth
area = (score[truth][:, None] > score[~truth][None]).mean()
print(f"area under the ROC curve {area:.3f}, highest score {score.max():.3f}")
print(f"labels that are wrong: {wrong_positive.sum()} positive, {wrong_negative.sum()} negative")
print(f"estimated by the confident joint: {joint[1, 0]} positive, {joint[0, 1]} negative")
print(f"listed: {(listed & wrong_positive).sum()} of the positive, {(listed & wrong_negative).sum()} of the negative")
expected = (
    area == 1
    and joint[0, 1] > 20
    and (listed & wrong_positive).sum() > 0.9 * wrong_positive.sum()
    and not (listed & wrong_negative).any()
)
print("as described: one side of the list is empty" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
