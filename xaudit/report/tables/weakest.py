"""Weakest subgroups: small ones that stand out first, then the weakest large one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xaudit.core.record.finding import Finding, StrikingGroup
from xaudit.report.language.translation import tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup

_SHOWN = 3


def weakest(look: Lookup) -> str:
    """Groups and sites with a low sensitivity; a small one is never hidden by one that is large."""
    site, enough = look.findings.study.site_column, numbers.whole(look.findings.minimum[1])
    said = [*striking(look), *_of_groups(look, site, enough)]
    if site is None:
        return " ".join((*said, tr("The study has no sites.")))
    least = _weakest(look, lambda column: column == site)
    if least is None:
        said.append(tr("No site is large enough to name the weakest."))
    elif _is_weak(look, least):
        said.append(tr("Weakest site with at least {enough} fractures: {least}.",
                       enough=enough, least=_told(least)))  # fmt: skip
    else:
        said.append(tr("At no site with at least {enough} fractures are fewer found than in all "
                       "cases.", enough=enough))  # fmt: skip
    return " ".join(said)


def striking(look: Lookup) -> Iterator[str]:
    """A sentence for each small group that stands out, the worst first; the rest is counted."""
    found = look.findings.striking
    yield from map(_striking, found[:_SHOWN])
    if len(found) > _SHOWN:
        yield tr("So do {more} more small subgroups.", more=numbers.whole(len(found) - _SHOWN))


def _striking(group: StrikingGroup) -> str:
    """Translators see both whole sentences."""
    facts = {
        "right": numbers.whole(group.k),
        "all": numbers.whole(group.n),
        "group": f"{group.group} {named(group.level)}",
    }
    if group.metric == "sensitivity":
        return tr("{right} of {all} fractures found in {group}: too few for a verdict, and hardly "
                  "chance.", **facts)  # fmt: skip
    return tr("{right} of {all} normal cases left alone in {group}: too few for a verdict, and "
              "hardly chance.", **facts)  # fmt: skip


def _of_groups(look: Lookup, site: str | None, enough: str) -> Iterator[str]:
    least = _weakest(look, lambda column: column != site)
    if least is None:
        yield tr("No subgroup is large enough to name the weakest.")
    elif _is_weak(look, least):
        yield tr("Of subgroups with at least {enough} fractures, fewest are found in {group}.",
                 enough=enough, group=_told(least))  # fmt: skip
    else:
        yield tr("In no subgroup with at least {enough} fractures are fewer found than in all "
        "cases.",
                 enough=enough)  # fmt: skip


def _is_weak(look: Lookup, finding: Finding) -> bool:
    """Whether fewer are found there than in all cases; 100 % is nobody's weakness."""
    overall = look.estimate("sensitivity", operating_point=finding.scope["operating_point"]).value
    value = finding.estimate.value
    return value is not None and value < (1.0 if overall is None else overall)


def _weakest(look: Lookup, wanted: Callable[[str], bool]) -> Finding | None:
    points = look.findings.detector.operating_points
    usable = [
        finding
        for finding in look.findings.findings
        if finding.metric == "sensitivity"
        and wanted(finding.scope.get("group", ""))
        and finding.scope.keys() >= {"group", "level", "operating_point"}
        and finding.scope.get("analysis", "scored") == "scored"
        and finding.scope["operating_point"] == (points[0].name if points else None)
        and finding.estimate.value is not None
        and not finding.estimate.caution
    ]
    return min(usable, key=lambda one: (one.estimate.value or 0.0, _told(one)), default=None)


def _told(finding: Finding) -> str:
    scope, estimate = finding.scope, finding.estimate
    place = f"{scope['group']} {named(scope['level'])}"
    return f"{place}: {numbers.estimate(estimate)}, {numbers.counts(estimate)}"
