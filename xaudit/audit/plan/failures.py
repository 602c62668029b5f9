"""Failures: so many that an audit says nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow
from xaudit.errors import AuditError


def check_failures(rows: Sequence[CaseRow], allowed: float) -> None:
    """Refuse to go on when too many cases have no score.

    Raises:
        AuditError: the share of cases without a score is above what is allowed.
    """
    of = CaseColumns.of(rows)
    failed = [of[int(row)] for row in np.flatnonzero(~of.scored)]
    if len(failed) > allowed * len(rows):
        first = failed[0]
        raise AuditError(
            f"{len(failed)} of {len(rows)} cases have no score, {allowed:.0%} are allowed "
            f"(max_failed); the first is {first.case_id}: {first.issues[0].detail}"
        )
