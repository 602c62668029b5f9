"""The first page as a view model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xaudit.report.front.drawings import drawings
from xaudit.report.front.headlines import headlines
from xaudit.report.front.reasons import more, reasons
from xaudit.report.language.translation import tr
from xaudit.report.sections.explanations import highest
from xaudit.report.tables.interventions import decides
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import FrontCase, FrontPage, Section, Shown


def front_page(look: Lookup, sections: Iterable[Section]) -> FrontPage:
    """What decides, on one page.

    Args:
        look: the findings.
        sections: of the card; the gallery is among them.
    """
    decision = decides(look)
    return FrontPage(
        alarm=decision.text if decision.denied else "",
        reasons=reasons(look),
        more=more(look),
        headlines=headlines(look),
        figures=tuple(drawings(look)),
        cases=tuple(_cases(look, sections)),
    )


def _cases(look: Lookup, sections: Iterable[Section]) -> Iterator[FrontCase]:
    """The first of the gallery, which is its worst, and the last, which is a good one."""
    shown = [case for one in sections for group in one.gallery for case in group.cases]
    if not shown:
        return
    name = highest(look)
    yield FrontCase(shown[0], _layer(shown[0], name), tr("The worst: {why}", why=shown[0].reason))
    if len(shown) > 1:
        last = shown[-1]
        yield FrontCase(last, _layer(last, name), tr("For scale: {why}", why=last.reason))


def _layer(case: Shown, method: str | None) -> int | None:
    names: Sequence[str] = [one.name for one in case.layers]
    return names.index(method) if method in names else (0 if names else None)
