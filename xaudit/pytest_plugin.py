"""A saved audit as a fixture of pytest: ``assert audit.passes("policy.yaml")``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xaudit.core.text.printable import printable

if TYPE_CHECKING:
    from xaudit.core.record.policy import Verdict


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """Whether an audit passes a policy; true if every rule passes or is waived.

    Attributes:
        verdict: of the policy.
        passed: what `xaudit gate` would say by exit code 0.
    """

    verdict: Verdict
    passed: bool

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        """What pytest prints where the assertion fails: every rule that did not pass."""
        lines = [f"policy {self.verdict.policy}: {self.verdict.overall}"]
        if self.verdict.changed_after_run:
            lines.append("the policy is not the one that was fixed before the run")
        lines += [f"not verified: {one}" for one in self.verdict.unverified]
        for one in self.verdict.outcomes:
            if one.verdict not in {"pass", "waived"}:
                scope = ", ".join(f"{key} = {value}" for key, value in sorted(one.scope.items()))
                lines.append(f"{one.verdict} {one.rule.id} ({scope or 'whole study'}): {one.why}")
        lines += [
            f"suspicion {one.name}: {one.text}"
            for one in self.verdict.suspicions
            if not one.acknowledged
        ]
        return "\n".join(map(printable, lines))


@dataclass(frozen=True, slots=True)
class SavedAuditFixture:
    """An audit that `xaudit run` has finished.

    Attributes:
        folder: where it lies.
    """

    folder: Path

    def passes(
        self,
        policy: str | Path | None = None,
        baseline: str | Path | None = None,
        strict: bool = False,
        unverified: bool = False,
        env: Collection[str] = (),
    ) -> PolicyAnswer:
        """Judge the audit; the verdict is written beside it, as by `xaudit gate`.

        Args:
            policy: a file or a pack, such as "pack:release"; None for that of the run.
            baseline: folder of the audit to compare with.
            strict: a policy that was changed after the run fails.
            unverified: judge files too that are not those that the run wrote; the verdict says so.
            env: environment variables that the policy may read besides those that begin with
                ``XAUDIT_``.

        Raises:
            ConfigError: the audit is not finished or was changed, the policy has a mistake, or a
                rule compares with an audit of other cases.
        """
        # The plugin is loaded in every session of pytest; only a gate needs what judges.
        from xaudit.gate.judging.verdict import exit_code  # noqa: PLC0415
        from xaudit.pipeline.judge import judge_named  # noqa: PLC0415

        verdict = judge_named(
            self.folder,
            Path(policy) if policy is not None else None,
            Path(baseline) if baseline is not None else None,
            unverified,
            env,
        )
        return PolicyAnswer(verdict, exit_code(verdict, strict) == 0)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the audit lies: ``--xaudit-audit`` or ``xaudit_audit`` in the ini file."""
    group = parser.getgroup("xaudit")
    group.addoption("--xaudit-audit", metavar="DIR", help="folder of the audit that is judged")
    parser.addini("xaudit_audit", "folder of the audit that is judged", default="reports/audit")


@pytest.fixture
def audit(request: pytest.FixtureRequest) -> SavedAuditFixture:
    """The audit that the command line or the ini file names, relative to the root of the tests."""
    named = request.config.getoption("--xaudit-audit") or request.config.getini("xaudit_audit")
    return SavedAuditFixture(request.config.rootpath / Path(str(named)))
