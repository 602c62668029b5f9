"""Suspicions: what an audit notices and cannot prove, as a declaration unlike what is seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xaudit.core.message import Sentence


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A declaration that the study does not bear out, short of proof.

    It is printed by `check`, by `run` and on the first screen of the card, and no verdict is
    better than inconclusive until the audit file acknowledges it by name.

    Attributes:
        name: by which an audit file acknowledges it ("scores_in_unit_interval").
        text: what was seen, with numbers, and what to do; one or two sentences.
        acknowledged: somebody answers for it, by its name in the audit file.
    """

    name: str
    text: Sentence
    acknowledged: bool = False


def unanswered(suspicions: Iterable[Suspicion]) -> tuple[Suspicion, ...]:
    """Those that nobody has acknowledged: no verdict is better than inconclusive."""
    return tuple(suspicion for suspicion in suspicions if not suspicion.acknowledged)
