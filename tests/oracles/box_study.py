"""A study of boxes: small films, and what a detector drew on them."""

import json

import numpy as np
from PIL import Image

SIZE = (120, 90)
FILMS = 80
AUDIT = """\
name: boxes
seed: 3
data:
  format: manifest
  root: study
  manifest: manifest.csv
  patient: patient
  groups: [sex]
detector:
  format: boxes
  name: planted
  found: found.csv
  operating_points: [{{name: default, probability: 0.5, origin: fixed, note: n}}]
statistics: {{draws: 200, minimum: [3, 5], hit: {hit}}}
"""


def film(rng):
    """Lesions of a film, and what was drawn on it: near hits, misses and false boxes."""
    lesions = [
        (*rng.uniform(0, 60, 2).round(1).tolist(), *rng.uniform(8, 30, 2).round(1).tolist())
        for _ in range(rng.integers(0, 3))
    ]
    drawn = []
    for x, y, w, h in lesions:
        if rng.random() < 0.8:
            shift = rng.normal(0, 0.12, 2)
            drawn.append((x + shift[0] * w, y + shift[1] * h, w, h, rng.beta(4, 2)))
    for _ in range(rng.integers(0, 2)):
        drawn.append((*rng.uniform(0, 60, 2), *rng.uniform(8, 30, 2), rng.beta(2, 3)))
    return lesions, [tuple(round(float(one), 3) for one in box) for box in drawn]


def write_study(folder, films, hit="0.5"):
    """A study of these films, and the audit file."""
    (folder / "study").mkdir()
    rows, found = ["id;image;label;patient;sex;boxes"], ["image,left,top,width,height,score"]
    for number, (lesions, drawn) in enumerate(films):
        name = f"film{number:03}.png"
        Image.fromarray(np.full(SIZE[::-1], number, dtype=np.uint8)).save(folder / "study" / name)
        boxes = json.dumps([list(one) for one in lesions]) if lesions else ""
        sex = "FM"[number % 4 // 2]
        rows.append(f"{number:03};{name};{int(bool(lesions))};p{number // 2:02};{sex};{boxes}")
        found += [",".join(map(str, (name, *box))) for box in drawn]
    (folder / "study" / "manifest.csv").write_text("\n".join(rows) + "\n")
    (folder / "found.csv").write_text("\n".join(found) + "\n")
    (folder / "audit.yaml").write_text(AUDIT.format(hit=hit))
