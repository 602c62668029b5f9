"""List of cases whose labels the scores of an audit contradict: to look at, never a correction."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import scipy

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.files import read_whole
from xaudit.audit.store.hashes import CASES, refuse_changed
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.errors import ConfigError
from xaudit.stats.confident_learning import contradicted

LABELS, FILE = "labels", "labels.csv"
COLUMNS = ("case", "label", "probability", "remark")
_REMARK = "look at it: the score contradicts the label; of the two either may be wrong"
_CODE = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell."""


def label_list(audit: Path, *, unverified: bool = False) -> str:
    """Comma-separated values, a row for each such case, the most contradicted first.

    Confident learning (see `contradicted`) with the scores of the audit, which must not have been
    fitted to these labels. The list of a detector that is often wrong is about its mistakes.

    Args:
        audit: folder of a finished audit.
        unverified: whether files that the run did not write may be read.

    Raises:
        ConfigError: the audit is not finished or was changed, or has no two scored cases of
            either label.
        AuditError: a shard is damaged.
    """
    refuse_changed(audit, CASES, unverified)
    read_whole(audit)
    cases = CaseColumns.of(Results.load(Store(audit), read_record(audit)).cases)
    scored = np.flatnonzero(cases.scored)
    labels, logits = cases.labels[scored], cases.logits[scored]
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) < 2:
        raise ConfigError(
            f"{audit}: expected two scored cases with a fracture and two without, got {positives} "
            f"and {len(labels) - positives}: nothing tells which labels are doubtful"
        )
    probabilities = scipy.special.expit(logits)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for at in contradicted(probabilities, labels).tolist():
        name = _inert(cases.ids[int(scored[at])])
        writer.writerow([name, int(labels[at]), f"{probabilities[at]:.6g}", _REMARK])
    return buffer.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_CODE) else text
