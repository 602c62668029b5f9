"""Material of suspicions: scores of a study, and some images asked in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import BoolArray, Case, FloatArray
from xaudit.core.detector import OperatingPoint
from xaudit.models.heads.output import OutputSpec
from xaudit.models.spec import Answers


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """What a detector said of some images of the study, asked in several ways.

    Attributes:
        output: what the network is declared to return.
        cases: N of the study; their files hold the stored pixels.
        images: (N, C, H, W) in [0, 1], as the detector sees them.
        said: of these images, in several ways.
    """

    output: OutputSpec
    cases: tuple[Case, ...]
    images: FloatArray
    said: Answers


@dataclass(frozen=True, slots=True, eq=False)
class StudyScores:
    """Every score of a study.

    Attributes:
        logits: (N,) of the scored cases; infinite where a table says 0 or 1.
        labels: (N,), whether there is a fracture.
        kind: as declared: a kind of output, or "probability" or "logit" of a table.
        clipping: between which logits the scores were clipped; None where nothing was.
        of_table: read from a table of predictions, which may hold rounded scores.
        points: operating points, on the logit.
        of_boxes: made of boxes that were recorded: an image without any has the lowest score.
    """

    logits: npt.NDArray[np.float64]
    labels: BoolArray
    kind: str
    clipping: tuple[float, float] | None = None
    of_table: bool = False
    points: tuple[OperatingPoint, ...] = ()
    of_boxes: bool = False


def scores_of(
    rows: Sequence[CaseRow],
    kind: str,
    clipping: tuple[float, float] | None,
    points: tuple[OperatingPoint, ...],
    *,
    of_table: bool = False,
    of_boxes: bool = False,
) -> StudyScores:
    """The scores among the rows of an audit; see `StudyScores`."""
    cases = CaseColumns.of(rows)
    logits, labels = cases.logits[cases.scored], cases.labels[cases.scored]
    return StudyScores(logits, labels, kind, clipping, of_table, points, of_boxes)
