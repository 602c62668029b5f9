#!/usr/bin/env bash
# Average precision of the same boxes is 0.50 or 1.00 by the numbers of the images, where ratings are equal: pycocotools puts equal scores in the order of image ids.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycocotools==2.0.11 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FILMS = 20  # half of them with a lesion; on every film one box of score 1 is drawn


def average_precision(number):
    """Of films that are called by these numbers: the even ones have a lesion, where the box lies."""
    study = COCO()
    study.dataset = {
        "info": {}, "categories": [{"id": 1, "name": "fracture"}],
        "images": [{"id": number(i), "width": 99, "height": 99} for i in range(FILMS)],
        "annotations": [{"id": 1 + i, "image_id": number(i), "category_id": 1, "iscrowd": 0, "area": 100.0,
                         "bbox": [0.0, 0.0, 10.0, 10.0]} for i in range(0, FILMS, 2)],
    }
    drawn = [{"image_id": number(i), "category_id": 1, "score": 1.0, "bbox": [0.0, 0.0, 10.0, 10.0]} for i in range(FILMS)]
    with contextlib.redirect_stdout(io.StringIO()):
        study.createIndex()
        evaluation = COCOeval(study, study.loadRes(drawn), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1])


print("pycocotools", version("pycocotools"), "numpy", version("numpy"))
first = average_precision(lambda i: 1 + i // 2 + (i % 2) * FILMS)
last = average_precision(lambda i: 1 + i // 2 + (1 - i % 2) * FILMS)
mixed = average_precision(lambda i: 1 + i)
print(f"one box of score 1 on each of {FILMS} films, half of them with a lesion there; AP at an overlap of 0.5:")
print(f"  films with a lesion have the lower numbers   {first:.3f}")
print(f"  films with and without one take turns        {mixed:.3f}")
print(f"  films with a lesion have the higher numbers  {last:.3f}")
expected = abs(first - 1) < 1e-9 and last < 0.51 and last < mixed < first
print("as described: the numbers of the films decide" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
