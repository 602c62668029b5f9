"""All that an audit may suspect: the names, the one list of what is asked, and what is kept.

Each check is a pure function that returns suspicions; a new one is named in `KNOWN`, appended to
`OF_PROBE` (some images of the study, `Inquiry`) or `OF_SCORES` (all scores), and has a line in
docs/reference/suspicions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from xaudit.audit.store.files import read_json, to_json, write_text
from xaudit.audit.suspicions.inquiry import Inquiry, StudyScores
from xaudit.audit.suspicions.one_sided_calls import threshold_beyond_scores
from xaudit.audit.suspicions.other_readings import other_output_fits_better
from xaudit.audit.suspicions.output_checks import (
    rows_sum_to_one,
    score_depends_on_batch,
    score_not_repeatable,
    scores_in_unit_interval,
)
from xaudit.audit.suspicions.score_checks import (
    constant_score,
    inverted_scores,
    saturated_score,
    table_in_unit_interval,
)
from xaudit.core.record.suspicion import Suspicion

Seen = TypeVar("Seen")

KNOWN: Mapping[str, str] = {
    "constant_score": "every case has the same score",
    "input_far_from_training": "the first layer sees values that it was not trained on",
    "inverted_scores": "cases without a fracture score higher than those with one",
    "other_output_fits_better": "another output, or another kind, tells the labels better",
    "rows_sum_to_one": "outputs that are declared as logits sum to 1: a softmax was left in",
    "saturated_score": "most scores lie at the limits of what they can be",
    "score_depends_on_batch": "the score of an image depends on the images beside it",
    "score_not_repeatable": "an image that is scored twice has two scores",
    "scores_in_unit_interval": "scores that are declared as logits all lie in [0, 1]",
    "threshold_beyond_scores": "an operating point calls all cases alike",
    "unused_range": "many images use no more than a sixth of the declared range of intensities",
}
"""Name → what is suspected. The names are public: audit files acknowledge by them."""

FILE = "suspicions.json"


OF_PROBE: tuple[Callable[[Inquiry], tuple[Suspicion, ...]], ...] = (
    rows_sum_to_one,
    scores_in_unit_interval,
    score_not_repeatable,
    score_depends_on_batch,
    other_output_fits_better,
)
"""Asked of some images, by `check` and before a run."""

OF_SCORES: tuple[Callable[[StudyScores], tuple[Suspicion, ...]], ...] = (
    constant_score,
    inverted_scores,
    saturated_score,
    table_in_unit_interval,
    threshold_beyond_scores,
)
"""Asked of all scores, after a run and of a table of predictions."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """``suspicions.json``: what was seen before the run, and what the audit file acknowledges.

    Attributes:
        found: of the probed images.
        acknowledged: names, those too that nobody suspects.
    """

    found: tuple[Suspicion, ...] = ()
    acknowledged: tuple[str, ...] = ()

    def with_scores(self, scores: StudyScores) -> tuple[Suspicion, ...]:
        """Everything that is suspected, once by name, and whether somebody answers for it."""
        return answered((*self.found, *suspected(OF_SCORES, scores)), self.acknowledged)


def suspected(
    checks: Iterable[Callable[[Seen], tuple[Suspicion, ...]]], seen: Seen
) -> tuple[Suspicion, ...]:
    """What any of the checks suspects."""
    return tuple(one for check in checks for one in check(seen))


def answered(found: Iterable[Suspicion], acknowledged: Iterable[str]) -> tuple[Suspicion, ...]:
    """The suspicions, the first of each name, by the alphabet; acknowledged ones are marked."""
    names = set(acknowledged)
    first: dict[str, Suspicion] = {}
    for one in found:
        first.setdefault(one.name, replace(one, acknowledged=one.name in names))
    return tuple(first[name] for name in sorted(first))


def refuse_unknown(names: Sequence[str]) -> None:
    """Names that nothing is suspected by.

    Raises:
        ValueError: a name is unknown or stands twice.
    """
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise ValueError(f"no suspicion is called {unknown}; there is: {', '.join(KNOWN)}")
    if len(set(names)) < len(names):
        raise ValueError(f"expected each name once, got {list(names)}")


def read_noticed(folder: Path) -> Noticed:
    """What an audit noticed before it ran; nothing where it looked at nothing.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / FILE
    return read_json(path, Noticed) if path.exists() else Noticed()


def keep_noticed(folder: Path, noticed: Noticed) -> Noticed:
    """Write what was noticed into the audit; returns it.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    write_text(folder / FILE, to_json(noticed))
    return noticed
