"""Whether what a study lists as artifacts can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xaudit.core.case import Case, CaseIssue, Outline
from xaudit.core.message import Message
from xaudit.data.pixels.images import read_header
from xaudit.data.pixels.mask_values import UndeclaredValuesError
from xaudit.data.prepare import without_folder
from xaudit.data.tables.table import capped
from xaudit.errors import DataError


def artifact_issues(cases: Sequence[Case]) -> list[CaseIssue]:
    """Artifacts that cannot be drawn: nothing is erased there, and no figure holds them.

    Args:
        cases: of the study; one whose image cannot be read is told elsewhere.

    Raises:
        DataError: what the values of masks mean has to be declared; all of them.
    """
    issues, problems = [], []
    for case in cases:
        for name, outline in case.artifacts.items():
            try:
                _draw(case, outline)
            except UndeclaredValuesError as error:
                problems.append(f"case {case.case_id}, artifact {name!r}: {error}")
            except DataError as error:
                path: Path = getattr(outline, "path", case.image)
                detail = Message(
                    "artifact {name} cannot be drawn: {reason}",
                    name=repr(name),
                    reason=without_folder(error, path),
                )
                issues.append(CaseIssue(case.case_id, "artifact_not_drawn", detail, "noted"))
    if problems:
        raise DataError(capped(problems))
    return issues


def _draw(case: Case, outline: Outline) -> None:
    try:
        header = read_header(case.image)
    except DataError:
        # The case has no score: where its artifacts lie does not matter.
        return
    outline.rasterize(header.height, header.width)
