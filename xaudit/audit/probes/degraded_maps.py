"""Maps of worse radiographs: does the detector still look at the lesion?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xaudit.audit.maps.degraded_maps import SCORES
from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.run import Engine
from xaudit.audit.run.second_maps import Maps, check_row, compared, maps_again
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, CheckRow, kept_table, write_table
from xaudit.core.case import PreparedCase
from xaudit.core.seeds import seed_for
from xaudit.data.prepare import prepare
from xaudit.data.transforms.degrade import LADDERS, degraded, degraded_lesions
from xaudit.explain.port import Explainer

_CHEAP = 4
"""Passes for a map. A dozen cases have hundreds of worse images, too many for costlier methods."""


def explain_degraded(
    plan: Plan, engine: Engine, results: Results, folder: Path, listen: Listener
) -> list[CheckRow]:
    """Mass and hits of the cheap methods' maps at every severity of every ladder.

    Of explained cases with lesions; kept in ``degraded_maps.parquet``. A row's facet is the
    ladder, its level the severity.

    Args:
        plan: of the audit.
        engine: detector and methods.
        results: of the run.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    path, config = folder / "degraded_maps.parquet", plan.config.robustness
    kept = kept_table(path, CheckRow)
    if kept is not None:
        return kept
    explainers = cheap(engine.explainers)
    ids = draw_sample(_with_lesions(plan, results.cases), config.maps, 1.0, plan.config.seed)
    if not ids or not explainers or not config.ladders:
        return []
    by_id = {case.case_id: case for case in plan.study.cases}
    cases = [prepare(by_id[one], engine.detector.input) for one in ids]
    meter = Meter(listen, len(cases), len(config.ladders))
    rows: list[CheckRow] = []
    for ladder in config.ladders:
        rows.extend(_climb(ladder, cases, explainers, engine))
        meter.probed(f"maps under {ladder}", 0, 1)
    write_table(path, rows, CheckRow)
    return rows


def cheap(explainers: Sequence[Explainer]) -> tuple[Explainer, ...]:
    """The methods whose maps take at most four passes."""
    return tuple(one for one in explainers if sum(one.cost()) <= _CHEAP)


def _with_lesions(plan: Plan, rows: Sequence[CaseRow]) -> list[CaseRow]:
    return [row for row in rows if row.sampled and row.label and row.lesions > 0]


def _climb(
    ladder: str, cases: Sequence[PreparedCase], explainers: Sequence[Explainer], engine: Engine
) -> Iterator[CheckRow]:
    for severity in LADDERS[ladder].severities:
        worse = [_worse(case, ladder, severity, engine.context.seed) for case in cases]
        maps = maps_again(explainers, worse, engine.context, engine.evaluator)
        for case in worse:
            for explainer in explainers:
                yield from _scored(case, explainer.name, maps, (ladder, f"{severity:g}"))


def _worse(case: PreparedCase, ladder: str, severity: float, seed: int) -> PreparedCase:
    # The draw of the scores: the same worse image gets logit and map.
    drawn = seed_for(seed, "degrade", ladder, case.case.case_id)
    return degraded_lesions(
        degraded(case, LADDERS[ladder], severity, drawn), LADDERS[ladder], severity
    )


def _scored(
    case: PreparedCase, method: str, maps: Maps, step: tuple[str, str]
) -> Iterator[CheckRow]:
    values = maps[case.case.case_id, method]
    for name, score in SCORES.items():
        found = compared(score, values, lesions=case.lesions, inside=case.inside)
        yield check_row(case, method, name, found, *step)
