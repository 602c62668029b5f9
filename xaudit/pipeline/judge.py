"""Judgment of a saved audit; the verdict is kept beside it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xaudit.audit.store.files import read_findings, read_json, read_verdict, to_json, write_text
from xaudit.audit.store.hashes import CASES, FINDINGS, refuse_changed
from xaudit.audit.store.record import PlanRecord
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Policy, Verdict
from xaudit.errors import ConfigError
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.policy import read_policy
from xaudit.gate.policies.unknown_names import refuse_unknown_names

if TYPE_CHECKING:
    from xaudit.compare.baseline import PairedBaseline


def judge_audit(
    folder: Path,
    policy_file: Path | None = None,
    baseline: Path | None = None,
    unverified: bool = False,
    env: Collection[str] = (),
) -> Verdict:
    """Judge the findings of an audit and write ``verdict.json``.

    Args:
        folder: of a finished audit.
        policy_file: other rules than those that the plan fixed; the verdict says so.
        baseline: folder of the audit to compare with; None for a first run.
        unverified: judge files too that are not those that the run wrote; the verdict says so.
        env: environment variables that the policy may read.

    Raises:
        ConfigError: an audit is not finished or was changed, there is no policy, or a rule
            compares with an audit of other cases.
    """
    refuse_changed(folder, FINDINGS, unverified)
    findings = read_findings(folder)
    return judge_known(folder, policy_of(folder, policy_file, env), findings, baseline, unverified)


def judge_known(
    folder: Path,
    policy: Policy,
    findings: Findings,
    baseline: Path | None = None,
    unverified: bool = False,
) -> Verdict:
    """Like `judge_audit`, with what was read already.

    Args:
        folder: of a finished audit.
        policy: the rules, from `known_policy`.
        findings: of the audit, from there too.
        baseline: folder of the audit to compare with.
        unverified: judge files too that are not those that the run wrote.

    Raises:
        ConfigError: as `judge_audit`.
    """
    changed = _refuse_changed(folder, baseline, unverified)
    record = read_json(folder / "plan.json", PlanRecord)
    planned = record.policy.sha256 if record.policy else None
    there = _baseline(folder, baseline) if baseline else None
    verdict = judge(policy, findings, planned, baseline=there)
    verdict = replace(verdict, unverified=changed)
    write_text(folder / "verdict.json", to_json(verdict))
    return verdict


def judge_named(
    folder: Path,
    policy_file: Path | None = None,
    baseline: Path | None = None,
    unverified: bool = False,
    env: Collection[str] = (),
) -> Verdict:
    """Like `judge_audit`, after names that no audit could have were refused.

    Args:
        folder: of a finished audit.
        policy_file: other rules than those that the plan fixed.
        baseline: folder of the audit to compare with.
        unverified: judge files too that are not those that the run wrote.
        env: environment variables that the policy may read.

    Raises:
        ConfigError: as `judge_audit`; or the policy names a metric or group that does not exist.
    """
    policy, findings = known_policy(folder, policy_file, unverified, env)
    return judge_known(folder, policy, findings, baseline, unverified)


def known_policy(
    folder: Path,
    policy_file: Path | None = None,
    unverified: bool = False,
    env: Collection[str] = (),
) -> tuple[Policy, Findings]:
    """The policy and the findings that it is for, after unknown names were refused.

    Raises:
        ConfigError: the policy names a metric or group that does not exist, or there is none; or
            the audit was changed.
    """
    refuse_changed(folder, FINDINGS, unverified)
    policy, findings = policy_of(folder, policy_file, env), read_findings(folder)
    refuse_unknown_names(policy, findings, _metrics)
    return policy, findings


def _refuse_changed(folder: Path, baseline: Path | None, unverified: bool) -> tuple[str, ...]:
    """With a baseline both audits are read case by case."""
    changed = refuse_changed(folder, FINDINGS if baseline is None else CASES, unverified)
    if baseline is None:
        return changed
    old = refuse_changed(baseline, CASES, unverified)
    return (*changed, *(f"baseline: {one}" for one in old))


# Most verdicts need neither; both start all that computes.
def _metrics() -> list[str]:
    from xaudit.audit.plan.metrics import all_metrics  # noqa: PLC0415

    return [metric.name for metric in all_metrics()]


def _baseline(folder: Path, baseline: Path) -> PairedBaseline:
    from xaudit.compare.baseline import PairedBaseline  # noqa: PLC0415
    from xaudit.compare.same_cases import SavedAudit  # noqa: PLC0415

    return PairedBaseline.of(SavedAudit.read(folder), SavedAudit.read(baseline))


def policy_of(folder: Path, policy_file: Path | None = None, env: Collection[str] = ()) -> Policy:
    """The policy of this file, or the one that the plan fixed.

    Raises:
        ConfigError: there is neither.
    """
    policy = read_policy(policy_file, env) if policy_file else _planned(folder)
    if policy is None:
        raise ConfigError(
            f"{folder}: this audit was run without a policy; name one with --policy FILE, and "
            "with `policy:` in the audit file before the next run"
        )
    return policy


def _planned(folder: Path) -> Policy | None:
    record: PlanRecord = read_json(folder / "plan.json", PlanRecord)
    return record.policy


def saved_verdict(folder: Path, unverified: bool = False) -> Verdict | None:
    """The verdict that was written last, or a new one by the planned policy, or None.

    Raises:
        ConfigError: the audit was changed, and taking it as it is was not asked for.
    """
    if (folder / "verdict.json").exists():
        return read_verdict(folder)
    record = read_json(folder / "plan.json", PlanRecord)
    return judge_audit(folder, unverified=unverified) if record.policy else None
