"""Images and patients that an audited split shares with others: a detector may have seen them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from xaudit.core.case import Case, CaseIssue
from xaudit.core.message import Message
from xaudit.data.pixels.near_duplicates import same_pictures

_ONE_SHARED = (
    "1 patient has images in more than one of the splits {splits}: a detector that was trained on "
    "one has seen this patient of the other"
)
_SHARED = (
    "{n} patients have images in more than one of the splits {splits}: a detector that was "
    "trained on one has seen patients of the other"
)


def patients_across(
    audited: Sequence[Case], others: Sequence[Case], split_of: Mapping[str, str]
) -> Iterator[CaseIssue]:
    """How many audited patients have images in other splits too.

    Args:
        audited: cases that are audited, of one or several splits.
        others: cases that are not.
        split_of: id of a case → its split.
    """
    homes: dict[str, set[str]] = defaultdict(set)
    for case in (*audited, *others):
        homes[case.patient].add(split_of[case.case_id])
    shared = {case.patient for case in audited if len(homes[case.patient]) > 1}
    if shared:
        splits = sorted(set().union(*(homes[patient] for patient in shared)))
        detail = Message(_ONE_SHARED if len(shared) == 1 else _SHARED, n=len(shared), splits=splits)
        yield CaseIssue("(study)", "patients_in_several_splits", detail, "noted")


def copies_across(
    audited: Sequence[Case], others: Sequence[Case], split_of: Mapping[str, str]
) -> Iterator[CaseIssue]:
    """Audited images that show the same picture as one of another split, each named once.

    Args:
        audited: cases that are audited.
        others: cases that are not.
        split_of: id of a case → its split.
    """
    wanted, told = {case.case_id for case in audited}, set[str]()
    for pair in same_pictures((*others, *audited)):
        splits = {split_of[case.case_id] for case in pair}
        own = next((case for case in reversed(pair) if case.case_id in wanted), None)
        if own is None or len(splits) < 2 or own.case_id in told:
            continue
        other = pair[0] if own is pair[1] else pair[1]
        told.add(own.case_id)
        detail = Message(
            "shows the same picture as {case} of the split {split}",
            case=other.case_id,
            split=repr(split_of[other.case_id]),
        )
        yield CaseIssue(own.case_id, "copy_in_other_split", detail, "noted")
