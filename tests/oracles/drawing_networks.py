"""Networks that draw boxes whose place and score follow from the image by arithmetic.

A box is a cell of a grid; its logit is `GAIN` times the mean of the cell, less `BIAS`. Cells are 8,
16 and 32 wide, as in YOLO networks. A second class has the logit `OTHER` everywhere.
"""

import torch
from torch.nn.functional import avg_pool2d

GAIN, BIAS, OTHER = 8.0, 4.0, -1.0
STRIDES = (8, 16, 32)


def cells(planes):
    """Corners, (A, 4), and logits of both classes, (N, A, 2)."""
    corners, logits = [], []
    for stride in STRIDES:
        means = avg_pool2d(planes[:, :1], stride)
        rows, columns = torch.meshgrid(*map(torch.arange, means.shape[2:]), indexing="ij")
        start = torch.stack([columns, rows], dim=-1).reshape(-1, 2) * float(stride)
        corners.append(torch.cat([start, start + stride], dim=1))
        logits.append(GAIN * means.flatten(1) - BIAS)
    found = torch.cat(logits, dim=1)
    return torch.cat(corners), torch.stack([found, torch.full_like(found, OTHER)], dim=-1)


def middles(corners):
    return torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)


class Yolo5(torch.nn.Module):
    """(N, 3 A, 5 + 2): two of three anchors of every place hold nothing."""

    def __init__(self, raw=False):
        super().__init__()
        self.raw = raw

    def forward(self, planes):
        corners, logits = cells(planes)
        boxes = middles(corners).expand(planes.shape[0], -1, 4)
        holds = torch.full((*logits.shape[:2], 1), 30.0)
        scores = torch.cat([holds, logits], dim=-1)
        nothing = scores - 60.0
        rows = [torch.cat([boxes, one if self.raw else one.sigmoid()], dim=-1)
                for one in (nothing, scores, nothing)]  # fmt: skip
        return torch.cat(rows, dim=1)


class Yolo8(torch.nn.Module):
    """(N, 4 + 2, A)."""

    def forward(self, planes):
        corners, logits = cells(planes)
        boxes = middles(corners).expand(planes.shape[0], -1, 4)
        return torch.cat([boxes, logits.sigmoid()], dim=-1).transpose(1, 2)


class EndToEnd(torch.nn.Module):
    """(N, 30, 6): the best boxes, and rows of zeros."""

    def forward(self, planes):
        corners, logits = cells(planes)
        tables = []
        for one in logits:
            scores, classes = one.sigmoid().max(dim=1)
            best = scores.topk(20).indices
            rows = torch.cat([corners[best], scores[best, None], classes[best, None]], dim=1)
            tables.append(torch.cat([rows, torch.zeros(10, 6)]))
        return torch.stack(tables)


class Listing(torch.nn.Module):
    """Dictionaries of torchvision, of boxes above a score; labels begin at 1."""

    def __init__(self, least=0.05):
        super().__init__()
        self.least = least

    def forward(self, planes):
        corners, logits = cells(planes)
        found = []
        for one in logits:
            places, columns = torch.nonzero(one.sigmoid() >= self.least, as_tuple=True)
            scores = one.sigmoid()[places, columns]
            found.append({"boxes": corners[places], "labels": columns + 1, "scores": scores})
        return found


class Queries(torch.nn.Module):
    """DETR: the last class is no object; without it under a sigmoid."""

    def __init__(self, last=True):
        super().__init__()
        self.last = last

    def forward(self, planes):
        corners, logits = cells(planes)
        height, width = planes.shape[2:]
        shares = middles(corners) / torch.tensor([width, height, width, height])
        if self.last:
            # Of three logits the first has these log odds where the second is out of the way.
            logits = torch.stack(
                [logits[..., 0], torch.full_like(logits[..., 0], -40), 0 * logits[..., 0]], dim=-1
            )
        return {"logits": logits, "pred_boxes": shares.expand(planes.shape[0], -1, 4)}
