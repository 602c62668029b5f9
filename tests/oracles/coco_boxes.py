"""Films with boxes made by chance, and what pycocotools says of them."""

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes.matching import Truths

STATS = {
    "average_precision": 0,
    "average_precision_50": 1,
    "average_precision_75": 2,
    "average_precision_small": 3,
    "average_precision_medium": 4,
    "average_precision_large": 5,
    "average_recall": 8,
}


def some_films(rng, films=6, classes=2, *, ties=True, most=6):
    """Boxes and truths of some films, on a grid of quarter pixels; some films are empty."""
    drawn, truths = [], []
    for _ in range(films):
        true = _boxes(rng, int(rng.integers(0, 4)), classes)
        crowd = rng.random(len(true)) < 0.2
        area = (true.corners[:, 2] - true.corners[:, 0]) * (true.corners[:, 3] - true.corners[:, 1])
        truths.append(Truths(true, np.round(area * rng.choice([1.0, 0.5], len(true)), 2), crowd))
        drawn.append(_around(rng, true, int(rng.integers(0, most)), classes, ties=ties))
    return drawn, truths


def _boxes(rng, count, classes):
    start = rng.integers(0, 400, (count, 2)) / 4
    size = rng.choice([16, 40, 128, 200, 384, 480], (count, 2)) / 4
    return Boxes(np.hstack([start, start + size]), np.zeros(count), rng.integers(0, classes, count))


def _around(rng, true, more, classes, *, ties):
    """Some at true boxes, moved a little or not at all, some anywhere."""
    far = _boxes(rng, more, classes)
    near = rng.integers(0, max(len(true), 1), more) if len(true) else np.empty(0, int)
    moved = true.corners[near] + rng.choice([0, 0.25, 0.5, 1, 2, 6], (len(near), 4))
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    corners = np.vstack([far.corners, moved])
    kinds = np.append(far.classes, true.classes[near])
    ratings = rng.integers(-3, 3, len(corners)) * 0.5 if ties else rng.normal(size=len(corners))
    order = rng.permutation(len(corners))
    return Boxes(corners[order], ratings[order], kinds[order])


def coco(drawn, truths, first=0):
    """The same as a COCO study and its results: xywh, ids from `first`."""
    images = [{"id": first + i, "width": 999, "height": 999} for i in range(len(drawn))]
    kinds = {int(k) for one in (*drawn, *(t.boxes for t in truths)) for k in one.classes}
    notes = []
    for i, truth in enumerate(truths):
        rows = zip(truth.boxes.corners, truth.boxes.classes, truth.areas, truth.crowd, strict=True)
        for box, kind, area, crowd in rows:
            notes.append({"id": first + len(notes), "image_id": first + i, "bbox": _xywh(box),
                          "category_id": int(kind), "area": float(area),
                          "iscrowd": int(crowd)})  # fmt: skip
    results = [
        {
            "image_id": first + i,
            "bbox": _xywh(box),
            "category_id": int(kind),
            "score": float(rating),
        }
        for i, boxes in enumerate(drawn)
        for box, rating, kind in zip(boxes.corners, boxes.ratings, boxes.classes, strict=True)
    ]
    categories = [{"id": kind, "name": str(kind)} for kind in sorted(kinds)]
    return {"images": images, "annotations": notes, "categories": categories, "info": {}}, results


def evaluated(drawn, truths, *, shifted=True, lenient=0.0):
    """pycocotools' evaluation.

    Ids of annotations begin at 1, or at 0 unless shifted; recalls are reached so much earlier.
    """
    study, results = coco(drawn, truths)
    if shifted:
        for note in study["annotations"]:
            note["id"] += 1
    with contextlib.redirect_stdout(io.StringIO()):
        there = COCO()
        there.dataset = study
        there.createIndex()
        said = there.loadRes(results) if results else COCO()
        if not results:
            said.dataset = study | {"annotations": []}
            said.createIndex()
        evaluation = COCOeval(there, said, "bbox")
        evaluation.params.recThrs = evaluation.params.recThrs - lenient
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _xywh(box):
    left, top, right, bottom = map(float, box)
    return [left, top, right - left, bottom - top]
