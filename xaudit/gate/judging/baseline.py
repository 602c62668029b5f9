"""Port of a baseline audit: what the gate asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from xaudit.core.record.finding import Finding
from xaudit.core.record.policy import BaselineFacts
from xaudit.stats.comparison import Comparison


class Baseline(Protocol):
    """An earlier audit, as far as rules look at it."""

    @property
    def facts(self) -> BaselineFacts:
        """Which audit it is."""

    @property
    def drift(self) -> tuple[Finding, ...]:
        """How this study differs from that of the baseline."""

    def difference(self, metric: str, scope: Mapping[str, str]) -> Comparison:
        """A metric here minus that of the baseline, on the same cases.

        Args:
            metric: registry name.
            scope: of the finding here; its operating point is that of each detector.

        Raises:
            ConfigError: the two audits are not of the same cases.
        """
