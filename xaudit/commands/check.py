"""``xaudit check``: every mistake before any compute, and what the audit will cost."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xaudit.commands.options.profile import Profile, chosen_limit
from xaudit.commands.options.trust import AllowCode, Env, InSandbox, untold
from xaudit.commands.terminal.console import out, tell
from xaudit.commands.terminal.progress import duration
from xaudit.commands.terminal.suspicions import print_suspicions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xaudit.audit.config.read_config import Overrides
    from xaudit.audit.plan.profile import Limit
    from xaudit.audit.store.record import PlanRecord
    from xaudit.audit.store.store import CaseRow
    from xaudit.core.case import Case, Study
    from xaudit.core.detector import OperatingPoint
    from xaudit.pipeline.check import Preview
    from xaudit.pipeline.cost import StageCost
    from xaudit.pipeline.predictions import PredictionsPlan
    from xaudit.pipeline.shorten import Shorter

_SHOWN = 20
_WAITING = 0.7
_TELLING = 4
"""Characters of a patient's id that do not stand in the id of a case by chance."""
_COPIES = {"duplicate", "same_pixels", "near_duplicate"}


def check(  # noqa: PLR0913, PLR0917  (an option each)
    config: Annotated[Path, typer.Argument(help="Audit file, see `xaudit init`.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the study, if elsewhere.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if elsewhere.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="As for `xaudit run`.")] = None,
    cases: Annotated[int | None, typer.Option(min=0, help="As for `xaudit run`.")] = None,
    split: Annotated[list[str] | None, typer.Option(help="As for `xaudit run`.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="As for `xaudit run`.")] = None,
    policy: Annotated[Path | None, typer.Option(help="As for `xaudit run`.")] = None,
    allow_code: AllowCode = None,
    sandbox: InSandbox = None,
    env: Env = None,
) -> None:
    """Validate everything, list all mistakes at once, and preview the cost.

    Exit code 0 if the audit can run, 2 if it cannot.
    """
    from xaudit.audit.config.read_config import Overrides

    positives = 1.0 if profile else None
    overrides = Overrides(
        data, weights, cases, tuple(split or ()), positives,
        policy=policy, allow_code=tuple(allow_code or ()), env=tuple(env or ()),
        sandbox=sandbox,
    )  # fmt: skip
    with untold(overrides.env):
        _check(config, overrides, chosen_limit(limit, profile))


def _check(config: Path, overrides: Overrides, size: Limit) -> None:
    from xaudit.audit.config.predictions_config import recorded_format

    # Only an audit of a network needs the detector's libraries, which are slow to start.
    if recorded_format(config, overrides.env) is not None:
        from xaudit.pipeline.predictions import plan_predictions

        _print_predictions(plan_predictions(config, overrides, size))
        return
    from xaudit.pipeline.check import check_audit

    _print(check_audit(config, overrides, size))


def _print(preview: Preview) -> None:
    _print_study(preview.plan.study)
    if preview.elsewhere is not None:
        tell(f"detector   {preview.elsewhere}; offers scores alone")
    if preview.sandbox is not None:
        tell(f"sandbox    {preview.sandbox}: no network, no files but its own")
    if preview.by:
        tell(f"model      computed by {preview.by}")
    _print_policy(preview.plan.record)
    _print_points([one.resolve() for one in preview.plan.config.detector.operating_points])
    print_suspicions(preview.suspicions, tell)
    _print_resampling(preview)
    for failure in preview.failures:
        tell(f"warning    {failure}")
    out.print(_costs(preview))
    _print_time(preview)
    if preview.shorter is not None:
        _print_shorter(preview.stages, preview.shorter)


def _print_study(study: Study) -> None:
    positives = sum(case.label for case in study.cases)
    tell(f"study      {study.name}: {len(study.cases)} cases, {positives} with a fracture")
    if study.unit == "image":
        tell(f"           {study.unit_note}")
    _print_ids(study.cases)
    whole = [issue for issue in study.issues if issue.case_id.startswith("(")]
    for issue in whole:
        tell(f"{issue.effect:<11}{issue.kind}: {issue.detail}")
    counts = Counter(issue.kind for issue in study.issues if issue not in whole)
    for kind, count in sorted(counts.items()):
        tell(f"issue      {count} × {kind}")
    for issue in [one for one in study.issues if one.kind in _COPIES][:_SHOWN]:
        tell(f"copy       {issue.case_id} {issue.detail}")


def _print_time(preview: Preview) -> None:
    total, rest = preview.seconds, preview.rest
    tell(f"about {duration(total)} on this machine, {preview.megabytes:.0f} MB on disk")
    if rest < _WAITING * total:
        waiting = f"{1 - rest / total:.0%} of it waiting for other programs or the disk"
        tell(f"           the machine was busy, {waiting}; at rest at most {duration(rest)}")


def _print_shorter(stages: Sequence[StageCost], shorter: Shorter) -> None:
    most = max(stages, key=lambda stage: stage.spent.seconds)
    tell(f"longer than an hour; most of it: {most.name}, {duration(most.spent.seconds)}")
    for change in shorter.changes:
        tell(f"shorten    {change.key}: {change.then} instead of {change.now}")
    tell(f"           then about {duration(shorter.seconds)}")
    if not shorter.enough:
        tell("           for less take a GPU (explain.device), or fewer cases (--limit)")


def _print_resampling(preview: Preview) -> None:
    """How much hangs on the library that resizes: the declared kind has to be that of training."""
    if preview.resampling:
        declared = preview.plan.config.detector.input.interpolation
        tell(f"resampling {declared} is declared; done otherwise, logits differ at most (median)")
    for effect in preview.resampling:
        flips = ", ".join(
            f"{count} of {effect.images} calls flip at {name}"
            for name, count in effect.flips.items()
        )
        apart = f"{effect.largest:.3g} ({effect.median:.2g})"
        tell(f"           {effect.interpolation}: {apart}, {flips}")


def _print_predictions(plan: PredictionsPlan) -> None:
    from xaudit.audit.summary.audit_facts import group_levels
    from xaudit.audit.suspicions.on_threshold import on_thresholds

    rows, study = plan.rows, plan.study
    positives = sum(row.label for row in rows)
    failed = sum(row.logit is None for row in rows)
    tell(f"table      {len(rows)} of {study.listed} cases, {positives} with a fracture")
    tell(f"           {len({row.patient for row in rows})} patients, {failed} without a prediction")
    _print_drawn(plan)
    _print_ids(rows)
    for issue in study.issues[:_SHOWN]:
        where = "" if issue.case_id.startswith("(") else f"{issue.case_id}, "
        tell(f"{issue.effect:<11}{issue.kind}: {where}{issue.detail}")
    if len(study.issues) > _SHOWN:
        tell(f"           and {len(study.issues) - _SHOWN} more")
    for column, levels in group_levels(rows).items():
        tell(f"group      {column}: {len(levels)} levels")
    _print_policy(plan.record)
    _print_points(plan.points)
    for note in on_thresholds(plan.rows, plan.points):
        tell(f"threshold  {note}")
    print_suspicions(plan.suspicions, tell)
    tell("explanations do not apply: no detector is run")


def _print_drawn(plan: PredictionsPlan) -> None:
    """How many boxes and lesions were read: a wrong file or a wrong folder shows here."""
    drawn = plan.boxes
    if drawn is None:
        return
    for what, boxes in (("boxes", drawn.found), ("lesions", drawn.lesions)):
        tell(f"{what:<11}{sum(map(len, boxes.values()))} on {len(boxes)} images")
    if drawn.unusable:
        tell(f"           on {len(drawn.unusable)} images no outline can be used")


def _print_ids(cases: Sequence[Case | CaseRow]) -> None:
    """Patients become codes; ids of cases are kept as they are, and whom they name is named."""
    named = sum(_names_patient(one.case_id, one.patient) for one in cases)
    if named:
        tell(f"privacy    {named} case ids hold the id of their patient and are stored as they are")


def _names_patient(case_id: str, patient: str) -> bool:
    if patient == case_id:
        return False
    parts = re.split(r"[\W_]+", case_id)
    return patient in parts or (len(patient) >= _TELLING and patient in case_id)


def _print_points(points: Sequence[OperatingPoint]) -> None:
    for point in points:
        sign = ">=" if point.inclusive else ">"
        tell(f"point      {point.name}: positive is logit {sign} {point.logit:.6g}")


def _print_policy(record: PlanRecord) -> None:
    policy = record.policy
    tell(f"policy     {policy.name}: {len(policy.rules)} rules" if policy else
         "policy     none: nothing will be judged")  # fmt: skip
    for note in record.notes:
        tell(f"sample     {note}")


def _costs(preview: Preview) -> Table:
    """Stages with the images that pass through the detector in them."""
    table = Table("stage", "times", "forward", "backward", "time", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in preview.stages:
        spent = stage.spent
        numbers = (f"{round(one):,}" for one in (stage.times, spent.forward, spent.backward))
        table.add_row(stage.name, *numbers, duration(spent.seconds))
    return table
