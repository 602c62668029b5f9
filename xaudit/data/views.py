"""Views of one examination: several images as the one input of a detector."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.core.case import BoolArray, Case, CaseIssue, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec, Views
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.core.source import ImageHeader, ImageSource, Intensity, UsedRange
from xaudit.errors import DataError

_NOT_ONE = "an examination of several views is not one image; ask each view"


@dataclass(frozen=True, slots=True)
class ImagesOfViews:
    """The images of an examination; an `ImageSource` without a grid of its own.

    Attributes:
        images: those that are there, in the order of their views.
    """

    images: tuple[ImageSource, ...]

    def exists(self) -> bool:
        """Whether each of them is there."""
        return all(one.exists() for one in self.images)

    def header(self) -> ImageHeader:
        """Refused: each view has its own.

        Raises:
            DataError: always.
        """
        raise DataError(_NOT_ONE)

    def upright(self, intensity: Intensity = "dtype") -> FloatArray:
        """Refused: views have sizes of their own.

        Raises:
            DataError: always.
        """
        raise DataError(_NOT_ONE)

    def used_range(self, intensity: Intensity = "dtype") -> UsedRange | None:
        """That of the view whose values reach farthest."""
        ranges = [found for one in self.images if (found := one.used_range(intensity))]
        return max(ranges, key=lambda found: found.high, default=None)

    def fingerprint(self) -> str | None:
        """SHA-256 over those of all of them; None where one cannot be read."""
        each = [one.fingerprint() for one in self.images]
        known = [one for one in each if one is not None]
        if len(known) < len(each):
            return None
        return hashlib.sha256("\n".join(known).encode()).hexdigest()


def one_under_another(
    case: Case, spec: InputSpec, prepared: Callable[[Case, InputSpec], PreparedCase]
) -> PreparedCase:
    """An examination on the input grid: its views one under another, each prepared by itself.

    Args:
        case: an examination.
        spec: what the detector expects.
        prepared: what brings one view to the grid of a view.

    Raises:
        DataError: a view cannot be read, or case and detector differ in how many there are.
    """
    views = spec.views
    if views is None or len(case.views) != views.count:
        expected = f"{views.count} views" if views else "one image"
        got = f"{len(case.views)} views" if case.views else "one image"
        raise DataError(f"case {case.case_id}: the detector takes {expected}, got {got}")
    there = [None if one is None else prepared(one, spec.one_view) for one in case.views]
    known = [one for one in there if one is not None]
    planes = [_absent(known[0], views, spec) if one is None else one for one in there]
    ignored = [one.inside & False if one.ignored is None else one.ignored for one in planes]
    return PreparedCase(
        case=case,
        image=np.concatenate([one.image for one in planes], axis=-2),
        lesions=_each_in_its_view(planes),
        inside=np.concatenate([one.inside for one in planes]),
        source=known[0].source,
        grid=replace(spec.grid, spacing=_shared_spacing(known)),
        issues=tuple(of_view(issue, case.case_id) for one in known for issue in one.issues),
        ignored=np.concatenate(ignored) if any(one.any() for one in ignored) else None,
    )


def each_view(case: PreparedCase) -> list[PreparedCase | None]:
    """The views of an examination as cases of their own, None where one is missing; or the case.

    Args:
        case: on the input grid. The views know their pixels, lesions and artifacts, but not the
            grid of their image: it is that of the first.
    """
    if not case.case.views:
        return [case]
    grid = Grid(case.grid.view, case.grid.spacing)
    rows = case.grid.view[0]
    found: list[PreparedCase | None] = []
    for place, view in enumerate(case.case.views):
        own = slice(place * rows, (place + 1) * rows)
        found.append(
            None
            if view is None
            else replace(
                case,
                case=view,
                image=case.image[:, own],
                lesions=case.lesions[:, own],
                inside=case.inside[own],
                grid=grid,
                ignored=None if case.ignored is None else case.ignored[own],
            )
        )
    return found


def of_view(issue: CaseIssue, examination: str) -> CaseIssue:
    """What is wrong with a view, told of the examination that it belongs to.

    Args:
        issue: of the view.
        examination: id of the case that holds it.
    """
    detail = Message("view {view}: {detail}", view=issue.case_id, detail=issue.detail)
    return replace(issue, case_id=examination, detail=detail)


def _absent(like: PreparedCase, views: Views, spec: InputSpec) -> PreparedCase:
    """A missing view: gray, and nothing of it is inside."""
    return replace(
        like,
        image=np.full_like(like.image, views.absent),
        lesions=np.zeros((0, spec.height, spec.width), dtype=bool),
        inside=np.zeros_like(like.inside),
        ignored=None,
    )


def _each_in_its_view(views: Sequence[PreparedCase]) -> BoolArray:
    """(L, V * H, W): the lesions of each view, with nothing in the others."""
    rows, columns = views[0].inside.shape
    lesions = np.zeros((sum(len(one.lesions) for one in views), len(views) * rows, columns), bool)
    first = 0
    for place, one in enumerate(views):
        last = first + len(one.lesions)
        lesions[first:last, place * rows : (place + 1) * rows] = one.lesions
        first = last
    return lesions


def _shared_spacing(views: Sequence[PreparedCase]) -> tuple[float, ...] | None:
    """Millimeters between pixels, where they are the same in all views."""
    spacings = {one.grid.spacing for one in views}
    return spacings.pop() if len(spacings) == 1 else None
