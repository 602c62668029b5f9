"""Means over cases as findings, with intervals over patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, Sentence
from xaudit.core.metric import METRICS
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.stats.resampling.bootstrap import clustered_mean


def is_share(metric: str) -> bool:
    """Whether values of a metric lie in [0, 1], so that their mean is bounded like a share."""
    if metric not in METRICS:
        return False
    facts = METRICS[metric].facts
    return facts.low == 0.0 and facts.high == 1.0


_NONE = Message("no explained case with an annotated lesion")


@dataclass(frozen=True, slots=True)
class Means:
    """How means of one audit are estimated.

    Attributes:
        statistics: draws and minimum sizes.
        seed: of the plan.
        unit: what a patient is called in this study.
    """

    statistics: StatisticsConfig
    seed: int
    unit: str

    def rng(self, metric: str, scope: Mapping[str, str]) -> np.random.Generator:
        """The source of draws of one finding; others do not change it."""
        key = ",".join(f"{name}={value}" for name, value in sorted(scope.items()))
        return generator_for(self.seed, "bootstrap", f"{metric}[{key}]")

    def finding(
        self,
        metric: str,
        scope: Mapping[str, str],
        values: Sequence[float] | npt.NDArray[np.float64],
        patients: Sequence[str],
        *,
        share: bool = False,
        none: Sentence = _NONE,
    ) -> Finding:
        """The mean, or the reason why there is none.

        Args:
            metric: of the finding.
            scope: of the finding.
            values: one for each case.
            patients: of these cases.
            share: the values lie in [0, 1].
            none: what is said where there are none.
        """
        if not len(values):
            return Finding(metric, scope, Estimate.missing(none, unit=self.unit), 0)
        estimate = clustered_mean(
            np.asarray(values, dtype=np.float64),
            patients,
            self.rng(metric, scope),
            draws=self.statistics.draws,
            share=share,
        )
        sized = apply_size_rule(estimate, len(values), self.statistics.minimum)
        return Finding(metric, scope, replace(sized, unit=self.unit), len(values))
