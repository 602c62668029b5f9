"""Outlines on the image that they were drawn on: upright, or as it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xaudit.core.case import CaseIssue, Region
from xaudit.core.grid import Grid
from xaudit.core.message import Message, one_after_another, percent
from xaudit.core.source import ImageHeader
from xaudit.data.annotations.placed import Placed
from xaudit.data.image_file import ImageFile
from xaudit.data.pixels.images import to_gray
from xaudit.errors import DataError

Size = tuple[int, int]


def placing_of(
    case_id: str,
    image: ImageFile,
    size: Size | None,
    declared: str,
    regions: Sequence[Region] = (),
) -> tuple[Placing, CaseIssue | None]:
    """Which grid the outlines of an image are on, and what has to be told of it.

    Where EXIF turns an image by a quarter, the size that an annotation states is that of the
    upright image or of the stored one. Half turns and annotations without a size tell nothing:
    they are taken as upright, unless the audit file declares something else.

    Args:
        case_id: of the case.
        image: which may not be there.
        size: (height, width) that the annotation states.
        declared: "upright", "stored", or empty.
        regions: the outlines; where no size tells, it is said which way they lie on the body.
    """
    try:
        header = image.header()
    except DataError:
        # The study says what is wrong with the file; without pixels, nothing is drawn.
        return Placing(), None
    upright, stored = header.grid.plane, _stored(header)
    turns = header.orientation != 1
    if turns and declared:
        own = stored if declared == "stored" else upright
        orientation = header.orientation if declared == "stored" else 1
        if size is None or size == own:
            return Placing(None, orientation), None
        return Placing(size, orientation), _other_size(case_id, size, upright)
    if size is not None and size != upright:
        if turns and size == stored:
            return Placing(None, header.orientation), _turned(case_id, header)
        return Placing(size), _other_size(case_id, size, upright)
    doubtful = turns and (size is None or upright == stored)
    return Placing(), _doubt(case_id, image, header, regions) if doubtful else None


class Placing:
    """How outlines of a tool become regions of the upright image.

    Args:
        size: that the image does not have, for the message that says so.
        orientation: EXIF orientation that is applied to what was drawn on the stored image.
    """

    def __init__(self, size: Size | None = None, orientation: int = 1) -> None:
        self._size, self._orientation = size, orientation

    def place(self, regions: Iterable[Region]) -> tuple[Region, ...]:
        """The regions on the upright image."""
        if self._size is None and self._orientation == 1:
            return tuple(regions)
        return tuple(Placed(one, self._size, self._orientation) for one in regions)


def _stored(header: ImageHeader) -> Size:
    height, width = header.grid.plane
    return (width, height) if header.orientation >= 5 else (height, width)


def _turned(case_id: str, header: ImageHeader) -> CaseIssue:
    detail = Message(
        "EXIF orientation {n}: the outlines have the size of the stored image and are turned "
        "upright with it",
        n=header.orientation,
    )
    return CaseIssue(case_id, "outlines_turned", detail, "noted")


def _doubt(
    case_id: str, image: ImageFile, header: ImageHeader, regions: Sequence[Region]
) -> CaseIssue:
    detail = Message(
        "EXIF orientation {n}: nothing says whether the outlines were drawn on the upright image "
        "or on the stored one; taken as upright: look at it, and declare {key} if they were not",
        n=header.orientation,
        key="data.options.grid: stored",
    )
    kind = "outlines_maybe_turned"
    if shares := _on_body(image, header.orientation, regions):
        found = Message(
            "{upright} of their pixels lie on the body as upright, {stored} as stored",
            upright=percent(shares[0]),
            stored=percent(shares[1]),
        )
        return CaseIssue(case_id, kind, one_after_another((detail, found), "; "), "noted")
    return CaseIssue(case_id, kind, detail, "noted")


def _on_body(
    image: ImageFile, orientation: int, regions: Sequence[Region]
) -> tuple[float, float] | None:
    """Share of the outlined pixels that are no background, as upright and as stored; a hint.

    Background is darker than half of the mean; an outline that leaves the image is not on it. None
    where the image cannot be read.
    """
    try:
        gray = to_gray(image.upright("minmax"))
    except DataError:
        return None
    body = gray > gray.mean() / 2
    shares = []
    for placing in (Placing(), Placing(None, orientation)):
        inside = total = 0
        for region in placing.place(regions):
            try:
                mask = region.rasterize(Grid(gray.shape))
            except DataError:
                total += 1
                continue
            inside, total = inside + int(body[mask].sum()), total + int(mask.sum())
        shares.append(inside / max(total, 1))
    return shares[0], shares[1]


def _other_size(case_id: str, size: Size, upright: Size) -> CaseIssue:
    detail = Message(
        "the annotation was made on {width} x {height} pixels (width x height), the upright image "
        "has {own_width} x {own_height}: its outlines are left out",
        width=size[1],
        height=size[0],
        own_width=upright[1],
        own_height=upright[0],
    )
    return CaseIssue(case_id, "annotation_size", detail, "noted")
