"""Check the explanations themselves, on a declared part of the explained cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xaudit.audit.plan.plan import Plan, detector_spec
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.probes.checks import Checks
from xaudit.audit.run.progress import Listener
from xaudit.audit.run.run import Engine
from xaudit.audit.run.second_maps import Maps
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CheckRow, kept_table, write_table
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.metric import Undefined
from xaudit.data.prepare import prepare
from xaudit.explain.numerics.residuals import COMPLETENESS
from xaudit.metrics.maps.readability import complete_map


def check_explanations(
    plan: Plan, engine: Engine, results: Results, folder: Path, listen: Listener
) -> list[CheckRow]:
    """Faithfulness, randomization, stability and repeatability of every method, case by case.

    Computed once; an audit that goes on takes up the rows that are there.

    Args:
        plan: of the audit.
        engine: the detector, which is left as it is, and the methods.
        results: of the run; its maps are what is checked.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    config = plan.config.explain.checks
    path = folder / "checks.parquet"
    kept = kept_table(path, CheckRow)
    if kept is not None:
        return kept
    ids = checked_cases(plan, results)
    by_id = {case.case_id: case for case in plan.study.cases}
    cases = [prepare(by_id[case_id], engine.detector.input) for case_id in ids]
    maps = stored_maps(results, cases)
    rows = list(Checks(engine, detector_spec(plan.config), config, cases, maps).rows(listen))
    rows += complete_rows(results, ids)
    if cases:
        write_table(path, rows, CheckRow)
    return rows


def checked_cases(plan: Plan, results: Results) -> tuple[str, ...]:
    """Ids of the cases that the checks use: fractured ones first, drawn like the sample."""
    explained = {row.case_id for row in results.cases if row.sampled and row.logit is not None}
    cases = [case for case in plan.study.cases if case.case_id in explained]
    return draw_sample(cases, plan.config.explain.checks.cases, 1.0, plan.config.seed)


def complete_rows(results: Results, case_ids: Sequence[str]) -> list[CheckRow]:
    """Whether each map adds up, for the methods that promise it.

    Args:
        results: of the run, with the residual of every map.
        case_ids: that are checked.
    """
    rows = []
    for row in results.maps:
        gap = row.residual
        if row.case_id in case_ids and gap and gap.name == COMPLETENESS and gap.tolerance:
            value = None if gap.value is None else complete_map(gap.value, gap.tolerance)
            rows.append(
                CheckRow(row.case_id, row.method, "complete_map", "", "", value, gap.undefined)
            )
    return rows


def stored_maps(results: Results, cases: Sequence[PreparedCase]) -> Maps:
    """The maps of the audit on these cases, as they were stored."""
    wanted = {case.case.case_id for case in cases}
    maps: dict[tuple[str, str], FloatArray | Undefined] = {}
    for row in results.maps:
        if row.case_id in wanted:
            key = (row.case_id, row.method)
            if row.error is not None:
                maps[key] = Undefined("the map could not be made")
            elif row.degenerate is not None:
                maps[key] = Undefined(f"the map {row.degenerate}")
            else:
                maps[key] = results.array(*key)
    return maps
