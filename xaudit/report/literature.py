"""Published figures beside the result, with what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.report import numbers
from xaudit.report.lookup import Lookup
from xaudit.report.view import Table

_COLUMNS = ("Network", "Data", "Measure", "Value", "What is known of it")
_WARNING = (
    "Not comparable: other data, other reference standards and other protocols than those of this "
    "audit, no intervals, nothing about patients or sites. A larger number there does not mean a "
    "better detector. They are no baseline, and no rule of a policy reads them. Source: "
)


def literature(look: Lookup) -> Iterator[Table]:
    """The result of this audit, and under it each figure that the audit file asks for."""
    figures = look.findings.literature
    if not figures:
        return
    own = (f"{look.findings.detector.name} (this audit)", look.findings.study.name, "AUC",
           look.cell("auc"), "Measured; how, stands in this card.")  # fmt: skip
    rows = (
        own,
        *((one.network, one.data, one.measure, f"{one.value} {numbers.NONE} (no interval)",
           one.known) for one in figures),
    )  # fmt: skip
    sources = " ".join(dict.fromkeys(one.source for one in figures))
    yield Table("Published figures, for context only", _COLUMNS, rows, _WARNING + sources)
