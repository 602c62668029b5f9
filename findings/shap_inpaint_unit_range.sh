#!/usr/bin/env bash
# The inpainting masker of shap turns what is shown of an image in [0, 1] to 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet shap==0.51.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import shap

print("shap", version("shap"), "numpy", version("numpy"))
image = np.random.default_rng(0).uniform(0.2, 0.9, (16, 16, 3)).astype(np.float32)
shown = np.ones(image.shape, bool)
shown[4:8, 4:8] = False
result = {}
for scale in (1, 255):
    scaled = image * np.float32(scale)
    masked = shap.maskers.Image("inpaint_telea", image.shape)(shown.ravel(), scaled)[0]
    masked = np.asarray(masked).reshape(image.shape)
    result[scale] = np.abs(masked - scaled)[shown].max() / scale
    print(f"image in [0, {scale}]: shown pixels had a mean of {scaled[shown].mean():.2f}, "
          f"and have one of {masked[shown].mean():.2f} afterwards")
expected = result[1] > 0.8 and result[255] < 0.01
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
