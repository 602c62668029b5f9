"""Published figures beside the result, with what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.report import numbers
from xaudit.report.language import later, tr
from xaudit.report.lookup import Lookup
from xaudit.report.view import Table

_COLUMNS = (
    later("Network"),
    later("Data"),
    later("Measure"),
    later("Value"),
    later("What is known of it"),
)
_WARNING = later(
    "Not comparable: other data, other reference standards and other protocols "
    "than those of this audit, no intervals, nothing about patients or sites. "
    "A larger number there does not mean a better detector. They are no "
    "baseline, and no rule of a policy reads them. Source: "
)


def literature(look: Lookup) -> Iterator[Table]:
    """The result of this audit, and under it each figure that the audit file asks for."""
    figures = look.findings.literature
    if not figures:
        return
    own = (
        tr("{name} (this audit)", name=look.findings.detector.name),
        look.findings.study.name,
        "AUC",
        look.cell("auc"),
        tr("Measured; how, stands in this card."),
    )
    rows = (
        own,
        *(
            (
                one.network,
                one.data,
                one.measure,
                f"{numbers.written(str(one.value))} {numbers.NONE} ({tr('no interval')})",
                one.known,
            )
            for one in figures
        ),
    )
    sources = " ".join(dict.fromkeys(one.source for one in figures))
    yield Table(
        tr("Published figures, for context only"),
        tuple(map(tr, _COLUMNS)),
        rows,
        tr(_WARNING) + sources,
    )
