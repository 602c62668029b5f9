"""A difference with its interval, and the test that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from xaudit.core.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two things differ, and by how much.

    A large p-value says "not shown to differ", never "equal"; see `xaudit.stats.equivalence`.

    Attributes:
        difference: first minus second, with its interval.
        p_value: two-sided, of the hypothesis of no difference; None where there is no test.
        test: the test by name.
    """

    difference: Estimate
    p_value: float | None
    test: str

    def __post_init__(self) -> None:
        if self.p_value is not None and not 0 <= self.p_value <= 1:
            raise ValueError(f"a p-value lies between 0 and 1, got {self.p_value}")
