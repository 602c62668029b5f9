"""Boxes on the pictures of the card: which are drawn there, and whether they find a lesion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.gallery.gallery_choice import probability
from xaudit.audit.scores.drawn_boxes import Drawn, read_drawn
from xaudit.audit.store.store import ProbeRow
from xaudit.core.boxes import Boxes
from xaudit.core.case import BoolArray, Case
from xaudit.core.detector import InputSpec
from xaudit.core.record.finding import GalleryCase, ShownBox
from xaudit.data.transforms.geometry import GridTransform
from xaudit.metrics.boxes.iou import centers_within, pairwise_iou

_MOST = 20


def shown_boxes(
    shown: Sequence[GalleryCase],
    rows: Sequence[ProbeRow],
    cases: Mapping[str, Case],
    spec: InputSpec,
    edge: float,
) -> dict[str, tuple[ShownBox, ...]]:
    """The boxes above an operating point, the surest twenty of a case; by id of the case.

    Args:
        shown: cases on the card.
        rows: of the boxes that were drawn.
        cases: id → case, for the size of its image.
        spec: what the detector expects to see, and so do the pictures.
        edge: a box is drawn where its logit exceeds it.
    """
    drawn = read_drawn(rows)
    found = {}
    for one in shown:
        boxes = drawn.found.get(one.case_id, Boxes.none())
        above = boxes.chosen(boxes.ratings > edge)
        if len(above):
            found[one.case_id] = tuple(_shown(above, cases[one.case_id], drawn, spec))
    return found


def _shown(boxes: Boxes, case: Case, drawn: Drawn, spec: InputSpec) -> Iterator[ShownBox]:
    surest = boxes.chosen(np.argsort(-boxes.ratings, kind="stable")[:_MOST])
    hits = _finds(surest, drawn.lesions.get(case.case_id, Boxes.none()), drawn.iou)
    transform = GridTransform.between(case.image.header().grid, spec)
    corners = transform.points_to_grid(surest.corners.reshape(-1, 2)) / (spec.width, spec.height)
    for place, rating, hit in zip(
        np.clip(corners, 0, 1).reshape(-1, 4).tolist(), surest.ratings.tolist(), hits.tolist(),
        strict=True,
    ):  # fmt: skip
        left, top, right, bottom = place
        yield ShownBox((left, top, right, bottom), probability(rating), hit)


def _finds(boxes: Boxes, lesions: Boxes, iou: float | None) -> BoolArray:
    """(B,), which boxes find any lesion."""
    if iou is not None:
        overlaps = pairwise_iou(boxes.corners, lesions.corners)
        return np.asarray((overlaps >= iou).any(axis=1))
    pairs = len(boxes), len(lesions)
    left, right = (
        np.repeat(boxes.corners, pairs[1], axis=0),
        np.tile(lesions.corners, (pairs[0], 1)),
    )
    return np.asarray(centers_within(left, right).reshape(pairs).any(axis=1))
