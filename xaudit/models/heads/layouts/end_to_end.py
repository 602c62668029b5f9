"""`end_to_end`: (N, B, 6): corners, a score and a class for each box that was chosen.

YOLOv10, YOLO26 and every export with NMS in it; rows that are not used are zeros.
"""

from __future__ import annotations

import torch

from xaudit.models.heads.candidates import (
    LAYOUTS,
    Candidates,
    Layout,
    Reading,
    activation_of,
    as_corners,
    logits_of,
)
from xaudit.models.heads.dense import as_rows

_COLUMNS = 6
_MOST = 1000


def _looks(output: object, _grid: tuple[int, int], images: int) -> bool:
    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
    return len(shape) == 3 and shape[0] == images and shape[2] == _COLUMNS and shape[1] <= _MOST


def _read(output: object, reading: Reading) -> list[Candidates]:
    rows = as_rows(output, reading, "(N, boxes, 6)", _COLUMNS)[..., :_COLUMNS]
    corners = as_corners(rows[..., :4], reading, "xyxy", normalized=False)
    ratings = logits_of(rows[..., 4], activation_of(reading, "none"))
    return [
        _of_image(*parts, reading.columns) for parts in zip(corners, ratings, rows, strict=True)
    ]


def _of_image(
    corners: torch.Tensor, ratings: torch.Tensor, rows: torch.Tensor, columns: tuple[int, ...]
) -> Candidates:
    classes = rows[:, 5].detach().round().long()
    # Rows without a box fill up the table.
    used = (rows[:, :5].detach() != 0).any(dim=1)
    mine = torch.nonzero(torch.isin(classes, torch.tensor(columns).to(classes)) & used).flatten()
    return Candidates(corners[mine], ratings[mine], classes[mine])


LAYOUTS.add("end_to_end", Layout(_looks, _read, chosen=True))
