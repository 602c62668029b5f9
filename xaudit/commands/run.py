"""``xaudit run``: audit a detector on a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.options.executor import Address, ChosenExecutor, ExecutorName, Workers
from xaudit.commands.options.profile import Profile, chosen_limit
from xaudit.commands.options.trust import AllowCode, Env, InSandbox, untold
from xaudit.commands.terminal.console import say, tell
from xaudit.commands.terminal.progress import progress_display
from xaudit.commands.terminal.suspicions import print_suspicions
from xaudit.errors import ConfigError

if TYPE_CHECKING:
    from xaudit.audit.config.read_config import Overrides
    from xaudit.audit.plan.profile import Limit
    from xaudit.core.record.finding import Findings
    from xaudit.core.record.suspicion import Suspicion


def run(  # noqa: PLR0913, PLR0917  one for each option
    config: Annotated[Path, typer.Argument(help="Audit file, see `xaudit init`.")],
    out: Annotated[Path, typer.Option(help="Folder of the audit.")] = Path("reports/audit"),
    data: Annotated[Path | None, typer.Option(help="Folder of the study, if elsewhere.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if elsewhere.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Audit a stratified sample of so many cases.")
    ] = None,
    cases: Annotated[
        int | None, typer.Option(min=0, help="Explain so many cases instead of explain.cases.")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="Audit this split instead of data.split; repeatable.")
    ] = None,
    profile: Annotated[
        Profile | None,
        typer.Option(help="ci: a sample just large enough for the policy; explain positives."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="Fix this policy before the run, instead of that of the audit file."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="With --profile ci: audit that rules compare with at interim analyses."),
    ] = None,
    keep_key: Annotated[
        Path | None,
        typer.Option(
            envvar="XAUDIT_KEEP_KEY",
            help="Key of the patients' codes, made if it is not there; one of yours by default.",
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(envvar="XAUDIT_LEDGER", help="Record this use of the test set here."),
    ] = None,
    allow_code: AllowCode = None,
    sandbox: InSandbox = None,
    env: Env = None,
    executor: ExecutorName = "serial",
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Score the study, explain a sample of it, and write findings.json.

    A run that was interrupted goes on where it stopped; a finished one is not run again.
    """
    from xaudit.audit.config.read_config import Overrides
    from xaudit.audit.store.patient_key import default_key_file
    from xaudit.provenance.ledger import read_ledger
    from xaudit.provenance.record_use import record_run

    if ledger is not None:
        # A damaged ledger is told before hours of work, not behind them.
        read_ledger(ledger)
    if baseline is not None and profile is None:
        raise ConfigError(
            "--baseline says with what rules compare while --profile ci runs; otherwise name it "
            "to `xaudit gate`"
        )
    chosen = ChosenExecutor.of(executor, workers, address)
    positives = 1.0 if profile else None
    overrides = Overrides(
        data, weights, cases, tuple(split or ()), positives, baseline, policy,
        tuple(allow_code or ()), tuple(env or ()), keep_key, sandbox,
    )  # fmt: skip
    key = keep_key or default_key_file()
    made = not key.exists()
    with untold(overrides.env):
        findings = _run(config, out, overrides, chosen_limit(limit, profile), chosen)
    if made:
        say(f"patients are stored as codes; the key of the codes was made: {key}")
    _report(findings, sampled=profile is not None)
    if ledger is not None:
        say(record_run(ledger, out).text)
    tell(str(out / "findings.json"))
    say(f"next: xaudit gate {out}; xaudit card {out}")


def _report(findings: Findings, *, sampled: bool) -> None:
    """What came of it, in lines; why so many cases were sampled where the policy decided it."""
    from xaudit.report.elements.first_screen import said_first
    from xaudit.report.sections.credibility import WORDS

    where = findings.accountability
    explained = f", {where.explained} explained" if findings.detector.format == "network" else ""
    say(f"{where.scored} of {where.listed} cases scored{explained}")
    if sampled:
        say(where.sample_why)
    if where.unreadable:
        say(f"{where.unreadable} have no score; findings.json and the card say why")
    print_suspicions(findings.suspicions, say)
    for one in findings.explanations:
        say(f"maps of {one.method}: {WORDS[one.verdict]}. {one.reasons[0]}")
    for line in said_first(findings):
        say(line)


def _run(
    config: Path, out: Path, overrides: Overrides, limit: Limit, executor: ChosenExecutor
) -> Findings:
    from xaudit.audit.config.predictions_config import recorded_format

    # Only an audit of a network needs the detector's libraries, which are slow to start.
    if recorded_format(config, overrides.env) is not None:
        from xaudit.pipeline.predictions import run_predictions

        executor.refuse_several("a table of predictions")
        return run_predictions(config, out, overrides, limit)
    from xaudit.pipeline.conduct import Host, run_audit

    host = Host(_foreseen, executor.made())
    with progress_display() as listen:
        return run_audit(config, out, overrides, limit, listen, host)


def _foreseen(suspicions: tuple[Suspicion, ...]) -> None:
    """Printed before the hours of a run, which can still be stopped then."""
    if suspicions:
        say("before the run, after some images (Ctrl+C stops it):")
    print_suspicions(suspicions, say)
