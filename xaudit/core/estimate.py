"""A number with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xaudit.core.message import Sentence


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with an interval and how both came about, or the reason why there is none.

    Exactly one of ``value`` and ``undefined`` is given; a value always has both limits. ``k`` and
    ``n`` are kept with an undefined estimate too: "3 of 7" may be shown where a rate may not.

    Attributes:
        value: the point estimate, in the metric's own unit.
        low: lower limit of the interval.
        high: upper limit of the interval.
        method: the interval by name ("Wilson", "DeLong", "patient bootstrap, expanded percentile").
        level: confidence level, two-sided.
        k: successes, for a proportion.
        n: cases that entered.
        clusters: independent units (patients) that entered.
        unit: what is resampled or clustered ("patient", "image").
        undefined: why there is no value.
        caution: why the value may be read but not judged ("14 positives, 30 needed for a verdict").
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: Sentence = ""
    level: float = 0.95
    k: int | None = None
    n: int = 0
    clusters: int | None = None
    unit: str = "patient"
    undefined: Sentence | None = None
    caution: Sentence | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.undefined is None):
            raise ValueError(f"an estimate has a value or a reason, not {self!r}")
        if self.value is None:
            if self.low is not None or self.high is not None:
                raise ValueError(f"an undefined estimate has no interval: {self!r}")
            return
        if self.low is None or self.high is None or not self.method:
            raise ValueError(f"a value needs both limits and the interval's method: {self!r}")
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise ValueError(f"an estimate is finite: {self!r}")
        if self.low > self.high:
            raise ValueError(f"limits are out of order: {self!r}")

    @classmethod
    def missing(
        cls,
        reason: str,
        *,
        k: int | None = None,
        n: int = 0,
        clusters: int | None = None,
        unit: str = "patient",
    ) -> Estimate:
        """An estimate that has no value, and why; counts are kept where they are known."""
        return cls(k=k, n=n, clusters=clusters, unit=unit, undefined=reason)

    def with_caution(self, reason: str) -> Estimate:
        """The same estimate, not to be judged; an undefined one stays as it is."""
        return self if self.value is None else replace(self, caution=reason)
