"""Artifacts of a study that cannot be rasterized."""

from __future__ import annotations

from collections.abc import Sequence

from xaudit.core.case import Case, CaseIssue, Region
from xaudit.core.message import Message
from xaudit.data.image_file import named_alone
from xaudit.data.pixels.mask_values import UndeclaredValuesError
from xaudit.data.tables.table import capped
from xaudit.errors import DataError


def artifact_issues(cases: Sequence[Case]) -> list[CaseIssue]:
    """Artifacts that cannot be rasterized: nothing is erased there, and no figure holds them.

    Args:
        cases: of the study; one whose image cannot be read is told elsewhere.

    Raises:
        DataError: what the values of masks mean has to be declared; all of them.
    """
    issues, problems = [], []
    for case in cases:
        for name, region in case.artifacts.items():
            try:
                _draw(case, region)
            except UndeclaredValuesError as error:
                problems.append(f"case {case.case_id}, artifact {name!r}: {error}")
            except DataError as error:
                detail = Message(
                    "artifact {name} cannot be rasterized: {reason}",
                    name=repr(name),
                    reason=str(error),
                )
                issues.append(CaseIssue(case.case_id, "artifact_not_drawn", detail, "noted"))
    if problems:
        raise DataError(capped(problems))
    return issues


def _draw(case: Case, region: Region) -> None:
    try:
        grid = case.image.header().grid
    except DataError:
        # The case has no score: where its artifacts lie does not matter.
        return
    with named_alone(region):
        region.rasterize(grid)
