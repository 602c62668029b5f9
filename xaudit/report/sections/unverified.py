"""Section of a page that was made of files which are not those that the run wrote."""

from __future__ import annotations

from collections.abc import Sequence

from xaudit.report.language.translation import tr


def unverified_warnings(files: Sequence[str]) -> tuple[str, ...]:
    """One sentence with all files, or none.

    Args:
        files: which ones, a line each.
    """
    if not files:
        return ()
    return (
        tr(
            "Not verified: this was made of files that are not those that the run wrote, so no "
            "number here is shown to be that of the audit. {files}.",
            files="; ".join(files),
        ),
    )
