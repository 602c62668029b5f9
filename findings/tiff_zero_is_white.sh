#!/usr/bin/env bash
# Pillow turns a TIFF in which zero is white around if it has 8 bits, and not if it has 16: a digitized film comes out as its negative by its depth alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

print("Pillow", version("pillow"), "tifffile", version("tifffile"))
# Stored with zero as white: the first pixel is the brightest of the film.
stored = np.array([[0, 60], [120, 255]])
found = {}
for bits, values in ((8, stored.astype(np.uint8)), (16, (stored * 257).astype(np.uint16))):
    path = Path(sys.argv[1], f"{bits}.tif")
    tifffile.imwrite(path, values, photometric="miniswhite")
    with Image.open(path) as image:
        pillow = np.asarray(image)
    found[bits] = "brightest" if pillow.argmax() == 0 else "darkest", tifffile.imread(path).argmax() == 0
    print(f"{bits} bits: the brightest pixel of the film is the {found[bits][0]} that Pillow gives, {pillow.tolist()}")
expected = found == {8: ("brightest", False), 16: ("darkest", False)}
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
