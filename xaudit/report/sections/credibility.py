"""Section on whether the explanations themselves can be believed."""

from __future__ import annotations

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections.registry import section
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import MARKS, Section, Table

UNTESTED = later(
    "Explanations: randomization and faithfulness checks were not run in this "
    "audit: not shown to be about this model."
)
WORDS = {
    "may_be_believed": later("may be believed (passes the sanity checks)"),
    "with_caution": later("to be believed with caution"),
    "not_shown": later("not shown to be about this model"),
}
_MARKS = {"may_be_believed": "pass", "with_caution": "inconclusive", "not_shown": "fail"}
_VITAL: tuple[tuple[str, dict[str, str], str], ...] = (
    (
        "randomization_similarity",
        {"layers": "all"},
        later("Likeness to the map of a random detector"),
    ),
    ("symmetric_relevance_gain", {}, later("Gain, least over most important first")),
    ("edge_similarity", {}, later("Likeness to edges")),
    ("stability", {}, later("Likeness after small changes")),
    ("repeatability", {}, later("Agreement over seeds")),
    ("image_reliability", {}, later("Reliability of one image's gain")),
)
_ON_DEMAND: tuple[tuple[str, dict[str, str], str], ...] = (
    ("smooth_randomization_similarity", {}, later("The same of mean maps of noisy copies")),
    ("label_randomization_similarity", {}, later("Likeness to the map of shuffled labels")),
    ("reproducibility", {}, later("Likeness to maps of retrained detectors")),
)
_VARIED = (
    ("symmetric_relevance_gain", "baseline", later("Symmetric relevance gain by filling")),
    ("faithfulness_correlation", "baseline", later("Faithfulness correlation by filling")),
    ("infidelity", "baseline", later("Relative infidelity by filling")),
    ("randomization_similarity", "layers", later("Likeness by randomized layers")),
    ("stability", "disturbance", later("Likeness after each change")),
)


def believed(findings: Findings) -> str:
    """Which methods may be believed, in one line."""
    if not findings.explanations:
        return tr(UNTESTED)
    parts = []
    for verdict, words in WORDS.items():
        names = [
            explanation.method
            for explanation in findings.explanations
            if explanation.verdict == verdict
        ]
        if names:
            parts.append(f"{', '.join(names)}: {tr(words)}.")
    return " ".join(parts)


@section("credibility", 110)
def credibility(look: Lookup) -> Section:
    """Verdict of every method with its reasons, and the figures behind them."""
    judged = look.findings.explanations
    if not judged:
        tables: tuple[Table, ...] = ()
    else:
        tables = (
            Table(
                tr("Verdict of each method"),
                (tr("Method"), tr("Its maps are"), tr("Because")),
                tuple(
                    (one.method, tr(WORDS[one.verdict]), " ".join(map(told, one.reasons)))
                    for one in judged
                ),
                marks=tuple(MARKS[_MARKS[one.verdict]] for one in judged),
            ),
            _figures(look),
            *_varied(look),
        )
    return Section(
        "credibility",
        "",
        tr("Can the explanations be believed?"),
        believed(look.findings),
        paragraphs=(
            tr(
                "A map counts as evidence about this detector only if it changes when the "
                "detector's parameters are randomized, and if the score depends on what it "
                "marks. These are sanity checks (Adebayo et al. 2018)."
            ),
        )
        if judged
        else (),
        tables=tables,
        missing=() if judged else (tr("Checks of the explanations: switched off."),),
    )


def _figures(look: Lookup) -> Table:
    names = [explanation.method for explanation in look.findings.explanations]
    measured = {finding.metric for finding in look.findings.findings}
    columns = (*_VITAL, *(one for one in _ON_DEMAND if one[0] in measured))
    return Table(
        tr("Checks behind the verdicts"),
        (tr("Method"), *(tr(title) for _, _, title in columns)),
        tuple(
            (name, *(look.cell(metric, method=name, **scope) for metric, scope, _ in columns))
            for name in names
        ),
        look.methods(*(metric for metric, _, _ in columns)),
        folded=True,
    )


def _varied(look: Lookup) -> tuple[Table, ...]:
    names = [explanation.method for explanation in look.findings.explanations]
    tables = []
    for metric, facet, title in _VARIED:
        levels = list(dict.fromkeys(
            finding.scope[facet] for finding in look.findings.findings
            if finding.metric == metric and facet in finding.scope
        ))  # fmt: skip
        if levels:
            rows = tuple(
                (name, *(look.cell(metric, method=name, **{facet: level}) for level in levels))
                for name in names
            )
            heads = (tr("Method"), *map(told, levels))
            tables.append(Table(tr(title), heads, rows, folded=True))
    return tuple(tables)
