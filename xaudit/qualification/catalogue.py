"""Catalogue of detectors with a planted defect, and of sound ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xaudit.core.message import Message
from xaudit.core.record.qualification import Accusation, Subject
from xaudit.models.spec import Argument
from xaudit.phantom.demo import REFERENCE_ARCHITECTURE, REFERENCE_OPERATING_POINT

_PROBABILITY = 1 / (1 + math.exp(-REFERENCE_OPERATING_POINT.logit))
_NETWORKS = "xaudit.qualification.networks"
_FILTERS = "xaudit.qualification.filters"


@dataclass(frozen=True, slots=True)
class Entry:
    """A subject and how its detector is made.

    Attributes:
        subject: who is audited, on which study, and what it must be accused of.
        architecture: "package.module:factory".
        arguments: of the factory.
        threshold: operating point on the logit.
        noise: standard deviation of what is added to every weight, as a share of the weights'.
        trained: False leaves the weights random.
        output: what is declared of its output.
        erased: things are erased in every explained case, so that a verdict on them is possible.
        quick: audited in a quick qualification too.
    """

    subject: Subject
    architecture: str = REFERENCE_ARCHITECTURE
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    threshold: float = REFERENCE_OPERATING_POINT.logit
    noise: float = 0.0
    trained: bool = True
    output: Mapping[str, str | int] = field(default_factory=lambda: {"kind": "logit"})
    erased: bool = False
    quick: bool = True


def _network(name: str) -> str:
    return f"{_NETWORKS}:{name}"


def _filter(name: str) -> str:
    return f"{_FILTERS}:{name}"


def _defect(name: str, says: str, accusation: Accusation, study: str = "plain") -> Subject:
    return Subject(name, _title(name), Message(says), study, accusation)


def _misdeclared(name: str, says: str, suspicion: str) -> Subject:
    return replace(_defect(name, says, "declaration"), rule=suspicion)


def _sound(name: str, says: str, study: str = "plain") -> Subject:
    return Subject(name, _title(name), Message(says), study, None)


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


DEFECTS: tuple[Entry, ...] = (
    Entry(
        _defect("random-weights", "Its weights were never trained.", "performance"), trained=False
    ),
    Entry(
        _defect("inverted-output", "It answers with the opposite sign.", "performance"),
        _network("Answering"), {"scale": -1.0}, quick=False,
    ),
    Entry(
        _defect("ignores-the-image", "It gives every film the same answer.", "performance"),
        _network("Answering"), {"scale": 0.0}, quick=False,
    ),
    Entry(
        _defect("misplaced-threshold", "Its operating point is far too high.", "operating-point"),
        threshold=10.0,
    ),
    Entry(
        # Where the reference detector is never wrong, no calibration is either.
        _defect("overconfident", "Its logits are four times too large.", "calibration",
                "hairlines"),
        _network("Answering"), {"scale": 4.0}, quick=False,
    ),
    Entry(
        _defect("saturated", "Its logits are pushed to both ends.", "calibration", "hairlines"),
        _network("Answering"), {"scale": 40.0, "limit": 12.0},
    ),
    Entry(
        _defect("shifted", "Its logits are 3 too high, its threshold with them.", "calibration"),
        _network("Answering"), {"shift": 3.0}, REFERENCE_OPERATING_POINT.logit + 3, quick=False,
    ),
    Entry(
        _defect(
            "misses-the-old", "It misses faint fractures, which the old have.", "subgroup",
            "faint-in-the-old",
        )
    ),
    Entry(
        _defect("misses-fingers", "It finds nothing on films of fingers.", "subgroup"),
        _network("WithoutFingers"), quick=False,
    ),
    Entry(
        _defect("poor-at-one-site", "It fails on noisy films, which one site makes.", "site",
                "noisy-site")
    ),
    Entry(
        _defect("reads-site-texture", "It decides by the lines of an anti-scatter grid, which "
                "tell the site.", "site", "grid-lines"),
        _filter("TextureReader"), threshold=0.0,
    ),
    Entry(
        _defect("brittle-to-noise", "It takes a little more noise for a fracture.", "robustness"),
        _network("NoiseSensitive"),
    ),
    Entry(
        _defect("brittle-to-exposure", "It finds nothing on films that are a little dark.",
                "robustness"),
        _network("ExposureSensitive"), quick=False,
    ),
    Entry(
        _defect("reads-the-marker", "It decides by a disc-shaped marker.", "shortcut", "marker"),
        _filter("MarkerReader"), threshold=0.0,
    ),
    Entry(
        _defect("reads-the-collimation", "It decides by the border of the exposed field.",
                "shortcut", "border"),
        _filter("BorderReader"), threshold=0.0,
    ),
    Entry(
        _defect("reads-a-leaked-label", "It decides by a tag that carries the label.", "shortcut",
                "tag"),
        _filter("TagReader"), threshold=0.0, quick=False,
    ),
    Entry(
        _defect("blind-to-hairlines", "It needs a large lesion and misses hairline fractures.",
                "missed-lesions", "hairlines"),
        _network("Coarse"),
    ),
    Entry(
        _defect("looks-at-one-lesion", "It looks at the strongest lesion and ignores any other.",
                "missed-lesions", "both-bones"),
        _network("OnePlace"),
    ),
    Entry(
        _defect("pretended-explanation", "Its gradients are those of the background, not of what "
                "it answers.", "explanation"),
        _network("Pretending"),
    ),
    Entry(
        replace(
            _defect("marker-behind-good-maps", "A marker decides, but its maps show the fracture: "
                    "only taking the marker away tells.", "shortcut", "marker"),
            rule="shortcut/marker-decides",
        ),
        _network("MarkerBehindGoodMaps"), threshold=0.0, erased=True,
    ),
    Entry(
        _misdeclared("sigmoid-left-in", "It answers with probabilities that are declared as "
                     "logits.", "scores_in_unit_interval"),
        _network("Sigmoid"), threshold=_PROBABILITY,
    ),
    Entry(
        _misdeclared("softmax-left-in", "Its two outputs went through a softmax and are declared "
                     "as logits.", "rows_sum_to_one"),
        _network("Softmax"), threshold=2 * _PROBABILITY - 1,
        output={"kind": "two_logits", "positive": 1}, quick=False,
    ),
    Entry(
        _misdeclared("depends-on-its-batch", "Its answer to a film depends on the other films of "
                     "the batch.", "score_depends_on_batch"),
        _network("InCompany"),
    ),
)  # fmt: skip

SOUND: tuple[Entry, ...] = (
    Entry(_sound("reference", "The reference detector.")),
    Entry(
        _sound("mirrored-ensemble", "Its features are the mean over a film and its mirror image."),
        _network("BothWays"),
    ),
    Entry(
        _sound("disturbed-weights", "The reference detector, every weight disturbed by 1 %."),
        noise=0.01,
    ),
    Entry(
        _sound("other-pooling", "Its answer is the mean evidence of the four strongest cells."),
        _network("StrongestCells"), quick=False,
    ),
    Entry(
        _sound("other-scale", "Its logits are 0.9 times as large, its threshold with them."),
        _network("Answering"), {"scale": 0.9}, 0.9 * REFERENCE_OPERATING_POINT.logit, quick=False,
    ),
    Entry(
        _sound("reference-beside-a-telling-marker", "It does not use the marker that tells.",
               "marker"),
        erased=True,
    ),
    Entry(
        _sound("reference-beside-a-telling-border", "It does not use the border that tells.",
               "border"),
        quick=False,
    ),
    Entry(
        _sound("reference-beside-a-leaked-label", "It does not use the tag that tells.", "tag"),
        quick=False,
    ),
    Entry(
        _sound("reference-beside-telling-sites", "It does not use the site that tells.",
               "grid-lines"),
        quick=False,
    ),
    Entry(
        _sound("reference-where-both-bones-break", "It looks at both lesions.", "both-bones"),
        quick=False,
    ),
)  # fmt: skip


def entries(quick: bool) -> tuple[Entry, ...]:
    """Defects first, then the sound ones; fewer where it must be quick."""
    return tuple(one for one in (*DEFECTS, *SOUND) if one.quick or not quick)
