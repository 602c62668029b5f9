#!/usr/bin/env bash
# The area under the ROC curve that torchmetrics gives for logits depends on the size of the batches.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.classification import BinaryAUROC, BinaryCalibrationError

print("torch", torch.__version__.partition("+")[0], "torchmetrics", version("torchmetrics"))
torch.manual_seed(0)
labels = (torch.rand(400) < 0.5).long()
logits = torch.randn(400) + 1.5 * labels - 0.5
truth = float(roc_auc_score(labels, logits))
print(f"400 logits, {int(((logits >= 0) & (logits <= 1)).sum())} of them between 0 and 1; "
      f"scikit-learn's area {truth:.4f}")
areas = {}
for size in (400, 10, 1):
    area, error = BinaryAUROC(), BinaryCalibrationError(n_bins=10)
    for start in range(0, 400, size):
        batch = slice(start, start + size)
        area.update(logits[batch], labels[batch])
        error.update(logits[batch], labels[batch])
    areas[size] = float(area.compute())
    print(f"batches of {size:3}: area {areas[size]:.4f}, calibration error "
          f"{float(error.compute()):.4f}")
# A batch whose values all lie in [0, 1] is taken for probabilities and left as it is; any other
# goes through the logistic function: values of both kinds are then ranked together.
expected = abs(areas[400] - truth) < 1e-6 and truth - areas[1] > 0.02
print("as described: one case at a time, the area is another" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
