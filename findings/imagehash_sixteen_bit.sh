#!/usr/bin/env bash
# ImageHash gives every 16-bit radiograph the same hash, so that all of a study look like copies of one: gray levels above 255 are cut at white.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ImageHash==4.3.2 pillow==13.0.0 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

print("ImageHash", version("ImageHash"), "Pillow", version("pillow"))
rng = np.random.default_rng(0)
rows, columns = np.mgrid[:200, :160]
deep, shallow = set(), set()
for number in range(5):
    row, column = rng.integers(50, 110, 2)
    film = 4000 + 20000 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 1800)
    film += rng.normal(0, 500, film.shape)
    for name, values, hashes in (("16", film.astype(np.uint16), deep), ("8", (film / 256).astype(np.uint8), shallow)):
        path = Path(sys.argv[1], f"{number}-{name}.png")
        Image.fromarray(values).save(path)
        with Image.open(path) as image:
            hashes.add(tuple(str(of(image)) for of in (imagehash.phash, imagehash.dhash, imagehash.average_hash)))
print(f"5 films that differ: {len(shallow)} hashes at 8 bits, {len(deep)} at 16 bits: {sorted(deep)}")
expected = len(shallow) == 5 and deep == {("8000000000000000", "0" * 16, "0" * 16)}
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
