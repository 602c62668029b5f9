#!/usr/bin/env bash
# lime accepts superpixels that are numbered from 1 and explains one that does not exist instead of the last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lime==0.2.0.1 numpy==2.4.6 scikit-image==0.26.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys
from contextlib import redirect_stderr
from importlib.metadata import version

import numpy as np
from lime.lime_image import LimeImageExplainer

print("lime", version("lime"), "numpy", version("numpy"))


def quarters(image):
    rows, columns = np.indices(image.shape[:2]) // 8
    return 2 * rows + columns


WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])


def classify(batch):
    means = [[one[quarters(one) == k].mean() for k in range(4)] for one in batch]
    return (np.array(means) @ WEIGHTS)[:, None]


image = np.ones((16, 16, 3))
found = {}
for first in (0, 1):
    explainer = LimeImageExplainer(random_state=0)
    # It draws a progress bar.
    with redirect_stderr(io.StringIO()):
        explained = explainer.explain_instance(
            image, classify, labels=(0,), top_labels=None, hide_color=0, num_samples=400,
            segmentation_fn=lambda one, first=first: quarters(one) + first,
        )
    found[first] = {int(k): round(float(v), 3) for k, v in sorted(explained.local_exp[0])}
    print(f"numbered from {first}: superpixels {sorted(set((quarters(image) + first).ravel().tolist()))}, "
          f"weights {found[first]} (true: {WEIGHTS.tolist()})")
expected = (
    set(found[0]) == set(found[1]) == {0, 1, 2, 3}
    and found[0][3] > 0.3
    and abs(found[1][0]) < 0.05
)
print("as described: the strongest quarter, called 4, has no weight" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
