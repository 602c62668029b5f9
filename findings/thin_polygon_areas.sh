#!/usr/bin/env bash
# A fracture line that is annotated as a polygon of 30 x 1 pixels has 30 pixels by pycocotools and 62 by OpenCV, Pillow and scikit-image, which fill the border too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycocotools==2.0.11 opencv-python-headless==5.0.0.93 pillow==13.0.0 scikit-image==0.26.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask
from skimage.draw import polygon

SIDE = 60


def areas(corners):
    corners = np.array(corners)
    canvas = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(canvas).polygon([tuple(map(float, one)) for one in corners], fill=1)
    filled = cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [np.round(corners).astype(np.int32)], 1)
    coded = mask.frPyObjects([corners.astype(float).ravel().tolist()], SIDE, SIDE)
    return {
        "pycocotools": int(mask.area(coded)[0]), "OpenCV": int(filled.sum()), "Pillow": int(np.asarray(canvas).sum()),
        "scikit-image": len(polygon(corners[:, 1], corners[:, 0], (SIDE, SIDE))[0]),
    }


for name in ("pycocotools", "opencv-python-headless", "pillow", "scikit-image"):
    print(name, version(name))
line = areas([(10, 10), (40, 10), (40, 11), (10, 11)])
box = areas([(10, 10), (20, 10), (20, 14), (10, 14)])
print("30 x 1:", line)
print("10 x 4:", box)
others = ("OpenCV", "Pillow", "scikit-image")
expected = line == {"pycocotools": 30, **dict.fromkeys(others, 62)} and box == {"pycocotools": 40, **dict.fromkeys(others, 55)}
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
