"""Examinations as cases: images that a detector sees together become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xaudit.core.case import Case, CaseIssue, Study
from xaudit.core.detector import Views
from xaudit.core.message import Message
from xaudit.data.study.examinations import check_examinations
from xaudit.data.tables.table import capped
from xaudit.data.views import ImagesOfViews, of_view
from xaudit.errors import DataError

SEVERAL = "several"
"""The level of a group whose levels differ between the views of an examination."""


def with_examinations(study: Study, views: Views) -> Study:
    """The study with one case for each examination, in the order of their first images.

    It is called as the first of its views, and fractured where one of its images is. Groups and the
    site are those that all views share. Issues of an image are told of its examination.

    Args:
        study: of images.
        views: of the detector.

    Raises:
        DataError: images belong to no examination or one examination to several patients, images
            have no place among the views, or annotators read them.
    """
    if study.unit == "image":
        raise DataError(
            "detector.input.views: the study declares one image per patient; an examination of "
            "several images needs a column with the patient"
        )
    if any(case.readings for case in study.cases):
        raise DataError(
            "detector.input.views: readings of several annotators are compared image by image; "
            "leave data.consensus out and give one label and one set of lesions for each image"
        )
    check_examinations(study.cases)
    if views.column is not None and all(views.column not in one.groups for one in study.cases):
        raise DataError(
            f"detector.input.views.column: no group {views.column!r}; there is: "
            f"{', '.join(sorted({name for one in study.cases for name in one.groups})) or 'none'}"
        )
    seating = _Seating(views)
    examinations: dict[str | None, list[Case]] = {}
    for case in study.cases:
        examinations.setdefault(case.examination, []).append(case)
    cases = [_joined(seating.seated(of), of, views) for of in examinations.values()]
    if seating.problems:
        raise DataError(capped(seating.problems))
    issues = _told(study.issues, [*zip(cases, examinations.values(), strict=True)])
    return replace(
        study,
        cases=tuple(cases),
        issues=(*issues, *seating.issues),
        listed=study.listed - len(study.cases) + len(cases),
    )


@dataclass(slots=True)
class _Seating:
    """Gives each image of an examination its place among the views.

    Attributes:
        views: of the detector.
        problems: examinations that do not fit.
        issues: images that were left out.
    """

    views: Views
    problems: list[str] = field(default_factory=list)
    issues: list[CaseIssue] = field(default_factory=list)

    def seated(self, images: Sequence[Case]) -> tuple[Case | None, ...]:
        """The images in the order of the network, None where one is missing."""
        places: list[Case | None] = [None] * self.views.count
        surplus = []
        for case in sorted(images, key=lambda one: one.case_id):
            place = self._place(case, places)
            if place is None:
                surplus.append(case)
            else:
                places[place] = case
        there = [one for one in places if one is not None]
        if surplus and (self.views.surplus == "refuse" or not there):
            self.problems.append(self._problem(surplus, images))
        for case in surplus if there else ():
            detail = Message(
                "view {view} is left out: the detector has no place for it", view=case.case_id
            )
            self.issues.append(CaseIssue(there[0].case_id, "view_left_out", detail, "noted"))
        return tuple(places)

    def _place(self, case: Case, places: Sequence[Case | None]) -> int | None:
        """Which place the image takes; None for none."""
        free = [at for at, there in enumerate(places) if there is None]
        if self.views.column is not None:
            level = case.groups.get(self.views.column)
            free = [at for at in free if self.views.levels[at] == level]
        return free[0] if free else None

    def _problem(self, surplus: Sequence[Case], images: Sequence[Case]) -> str:
        column = self.views.column
        named = ", ".join(
            one.case_id if column is None else f"{one.case_id} ({one.groups.get(column)})"
            for one in surplus
        )
        what = f"{self.views.count} images" if column is None else " + ".join(self.views.levels)
        return (
            f"the examination of {images[0].case_id} has {len(images)} images, the detector takes "
            f"{what}: no place for {named}; see detector.input.views (surplus: first leaves them "
            "out)"
        )


def _joined(views: Sequence[Case | None], images: Sequence[Case], declared: Views) -> Case:
    """One case of all; where nothing fits, of the first image: the study is refused then."""
    there = [one for one in views if one is not None] or list(images[:1])
    first = there[0]
    # What names the patient stands once, where it is replaced by a code.
    plain = [None if one is None else replace(one, patient="", examination=None) for one in views]
    return replace(
        first,
        label=any(one.label for one in images),
        image=ImagesOfViews(tuple(one.image for one in there)),
        lesions=tuple(lesion for one in there for lesion in one.lesions),
        ignored=tuple(region for one in there for region in one.ignored),
        artifacts={name: region for one in there for name, region in one.artifacts.items()},
        site=_shared(one.site for one in there),
        groups={
            name: _shared(one.groups.get(name) for one in there) or SEVERAL
            for name in first.groups
            if name != declared.column
        },
        inverted=False,
        spacing=None,
        views=tuple(plain),
    )


def _shared(levels: Iterable[str | None]) -> str | None:
    """What all views say; `SEVERAL` where they differ."""
    found = set(levels)
    return found.pop() if len(found) == 1 else SEVERAL


def _told(
    issues: Iterable[CaseIssue], members: Iterable[tuple[Case, Sequence[Case]]]
) -> Iterator[CaseIssue]:
    """The issues of images under the names of their examinations; others as they are."""
    home = {image.case_id: case.case_id for case, images in members for image in images}
    for issue in issues:
        examination = home.get(issue.case_id)
        yield issue if examination is None else of_view(issue, examination)
