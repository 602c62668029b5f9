"""Findings of an audit: every estimate with its scope, and the facts that the card prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from xaudit.core.attribution import Parameter
from xaudit.core.case import CaseIssue
from xaudit.core.detector import InputSpec, OperatingPoint, Taken
from xaudit.core.estimate import Estimate
from xaudit.core.message import Sentence
from xaudit.core.metric import MetricFacts
from xaudit.core.record.interim import InterimAnalyses
from xaudit.core.record.scrubbed import Scrubbed
from xaudit.core.record.statements import ClaimCheck, Statements
from xaudit.core.record.suspicion import Suspicion

SCHEMA_VERSION = 2
"""Sentences are messages since 2; see `xaudit.audit.store.version_1`."""
CROSS = " × "
"""Between the columns, and the levels, that meet in an intersection: "sex × age"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An estimate and the scope that it holds for.

    Scope keys: ``operating_point``; ``analysis`` ("scored" cases, or "worst_case" where every
    case without a score counts as wrong); ``group`` (a column) and ``level`` (its value);
    ``compared`` ("rest") for gaps; ``method`` (an explainer, or a reference map such as
    "center_gaussian").

    Attributes:
        metric: registry name.
        scope: sorted by key in every output.
        estimate: value and interval, or why there is none.
        positives: positive cases behind it, where that decides what may be said.
    """

    metric: str
    scope: Mapping[str, str]
    estimate: Estimate
    positives: int | None = None

    @property
    def id(self) -> str:
        """``metric[key=value,...]``: stable, used for links and policies."""
        inner = ",".join(f"{key}={value}" for key, value in sorted(self.scope.items()))
        return f"{self.metric}[{inner}]" if inner else self.metric


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Which audit this is.

    Attributes:
        name: from the configuration.
        created: ISO 8601 date and time (UTC) at which the plan was written.
        plan_sha256: hash of plan.json.
        policy_sha256: hash of the policy that the plan fixed; None without one.
        xaudit_version: of the package that ran.
        seed: of the plan.
    """

    name: str
    created: str
    plan_sha256: str
    policy_sha256: str | None
    xaudit_version: str
    seed: int


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """Which detector was audited, and what was noticed about its declaration.

    Attributes:
        format: "network" was run by the audit; of "predictions" only scores were seen: then
            weights, parameters, input and layer are None and no explanation applies.
        taken: what of the file of weights the network received.
        own_code: the architecture is none of torchvision, timm or xaudit, or it is a program; it
            ran because whoever ran the audit allowed it.
        elsewhere: address of the service or command of the program that answered; None where the
            audit itself called the network.
        stated: what the service said of itself.
    """

    name: str
    version: str
    architecture: Sentence
    weights_file: Sentence | None
    weights_sha256: str | None
    parameters: int | None
    input: InputSpec | None
    output: Sentence
    target_layer: Sentence | None
    operating_points: tuple[OperatingPoint, ...]
    warnings: tuple[Sentence, ...] = ()
    format: Literal["network", "predictions"] = "network"
    taken: Taken | None = None
    own_code: bool = False
    elsewhere: str | None = None
    stated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """On what it was audited.

    Attributes:
        levels: column → level → (cases, positives), for every group column.
        sites: number of sites, None where the study has no site column.
        dates: range of dates that the study declares, empty where it declares none.
    """

    name: str
    source: str
    license: str
    sha256: str
    cases: int
    patients: int
    positives: int
    lesions: int
    unit: Literal["patient", "image"]
    unit_note: Sentence
    site_column: str | None
    sites: int | None
    dates: str = ""
    levels: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accountability:
    """Where every listed case went; the counts add up.

    ``listed = excluded + unreadable + scored``, and ``sampled = explained + unexplained``.

    Attributes:
        listed: cases that the study lists.
        excluded: left out by a declared rule, with reasons in ``issues``.
        unreadable: listed and not excluded, but without a score.
        scored: with a score.
        scored_positives: of these, with a fracture.
        sampled: cases to explain, chosen before any pixel was read.
        explained: with a map of every planned method.
        unexplained: sampled, but without all maps.
        sample_why: how the sample was taken, for a reader.
        issues: every case issue.
    """

    listed: int
    excluded: int
    unreadable: int
    scored: int
    scored_positives: int
    sampled: int
    sampled_positives: int
    explained: int
    unexplained: int
    sample_why: Sentence
    issues: tuple[CaseIssue, ...]


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """How one attribution method ran.

    Attributes:
        name: registry name; a reference map ("center_gaussian") has ``reference`` True.
        library: package and version that computed it.
        question: what the map answers, as one sentence.
        params: as recorded with the maps.
        maps: maps made.
        degenerate: of these, maps that nothing can be read from.
        forward: images passed forward, per map.
        backward: images passed backward, per map.
        residual: what its residual measures; empty without one.
        residual_median: median over the maps.
        residual_worst: largest over the maps.
        converged: maps within their tolerance; None where there is none.
    """

    name: str
    library: str
    question: Sentence
    params: Mapping[str, Parameter]
    maps: int
    degenerate: int
    forward: float
    backward: float
    reference: bool = False
    residual: Sentence = ""
    residual_median: float | None = None
    residual_worst: float | None = None
    converged: int | None = None


@dataclass(frozen=True, slots=True)
class CorruptionFacts:
    """How one corruption of radiographs is called.

    Attributes:
        name: registry name, as in the scope of findings.
        title: for a reader.
        unit: what its severities are measured in.
    """

    name: str
    title: Sentence
    unit: Sentence


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, with a mark for each operating point.

    Attributes:
        name: "roc".
        x: coordinates, as drawn.
        y: coordinates, as drawn.
        marks: label → (x, y).
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """One bar of the calibration figure: predicted and observed share of fractures."""

    low: float
    high: float
    mean_probability: float
    observed: Estimate


@dataclass(frozen=True, slots=True)
class GalleryMap:
    """One map of a gallery case: an RGBA picture beside its scores (metric → value or reason)."""

    method: str
    picture: str
    scores: Mapping[str, float | Sentence]


@dataclass(frozen=True, slots=True)
class GalleryCase:
    """A case that the card shows.

    Attributes:
        case_id: as in the study.
        kind: why it is here: "miss", "false_alarm", "group" (of a group that fares worst),
            "worst_map", "group_map", "disagreement" or "good".
        reason: the same for a reader, with figures.
        label: what the reference standard says.
        logit: the detector's output.
        probability: of the positive class.
        called_positive: operating point → decision.
        groups: column → level.
        picture: file in ``evidence/``, gray, what the input grid shows, finer or coarser.
        outlines: for each lesion its rings, each a tuple of (x, y) in units of the picture's
            width and height, 0 to 1.
        maps: empty if the case was not in the explained sample.
    """

    case_id: str
    kind: Literal["miss", "false_alarm", "group", "worst_map", "group_map", "disagreement", "good"]
    reason: Sentence
    label: bool
    logit: float
    probability: float
    called_positive: Mapping[str, bool]
    groups: Mapping[str, str]
    picture: str
    outlines: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]
    maps: tuple[GalleryMap, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownBox:
    """A box that the detector draws on a case that the card shows.

    Attributes:
        corners: left, top, right and bottom, in units of the picture's width and height, 0 to 1.
        probability: of a fracture there.
        finds: whether it finds an annotated lesion.
    """

    corners: tuple[float, float, float, float]
    probability: float
    finds: bool


Believed = Literal["may_be_believed", "with_caution", "not_shown"]


@dataclass(frozen=True, slots=True)
class ExplanationVerdict:
    """Whether the maps of a method may be believed, and why.

    Attributes:
        method: registry name.
        verdict: "not_shown" stands for "not shown to be about this model".
        reasons: one sentence for each check, with its figures; the decisive ones first.
    """

    method: str
    verdict: Believed
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class EquivalenceFacts:
    """Whether a gap is shown to be within a margin that was declared before.

    Attributes:
        metric: of the finding whose interval was read.
        scope: of that finding.
        answer: "equivalent": all of the interval lies within the margin; "different": all of it
            beyond; "not shown": neither; "undefined": there is no interval.
        margin: the largest difference that does not matter.
        alpha: error rate of the two one-sided tests, over all gaps that hold together.
    """

    metric: str
    scope: Mapping[str, str]
    answer: Literal["equivalent", "different", "not shown", "undefined"]
    margin: float
    alpha: float


@dataclass(frozen=True, slots=True)
class StrikingGroup:
    """A group with fewer cases than a verdict needs, and yet a rate that is hardly chance.

    Attributes:
        metric: "sensitivity" or "specificity", at the first operating point.
        group: column.
        level: its value.
        k: called rightly.
        n: of so many.
        high: upper limit of the exact interval of its patients, all small groups accounted for.
        overall_low: lower limit over all cases, above it.
    """

    metric: str
    group: str
    level: str
    k: int
    n: int
    high: float
    overall_low: float


Unit = Literal["logit", "probability"]


@dataclass(frozen=True, slots=True)
class Rescored:
    """By how much another run may differ: some cases, scored again in other batches and threads.

    Attributes:
        cases: that were scored again.
        ways: in which they were, besides that of the run.
        largest: difference of two scores of one case that was seen.
        tolerance: difference of two scores of one case that another run may show.
        flipped: of these cases, those that some way calls otherwise at an operating point.
        near: operating point → scored cases of the audit that lie within the tolerance of it.
        maps: method → largest difference of two maps of one case, by the largest value of the map.
        unit: of the scores.
    """

    cases: int
    ways: tuple[str, ...]
    largest: float
    tolerance: float
    flipped: int
    near: Mapping[str, int]
    maps: Mapping[str, float] = field(default_factory=dict)
    unit: Unit = "logit"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the gate and the card read, besides the pictures in ``evidence/``.

    Attributes:
        declared: facts that the maker of the device states (``device.yaml``), field → text.
        provenance: what the numbers depend on, name → text: packages, machine, data, code.
        prevalence: for which PPV and NPV are also stated; None without a declaration.
        minimum: positives below which only counts are given, and below which no verdict is read.
        explanations: whether each method's maps may be believed; empty where it was not checked.
        statements: what the maker states in a form that a study can contradict.
        claims: each of these claims beside the study.
        equivalence: which groups are shown to be equal; empty where no margin was declared.
        peak_tolerance: how far from a lesion a peak may lie and still find it ("5 mm").
        striking: groups that are too small for a verdict and still stand out, the worst first.
        interim: how often the audit was analyzed while it ran; then every interval is a repeated
            one. None for a single analysis at its end.
        suspicions: declarations that do not look like what was seen, acknowledged or not.
        rescored: by how much another run may differ; None where no detector ran.
        scrubbed: what was taken out, where this is a copy without what is personal.
        corruptions: of the plan.
        boxes: id of a shown case → boxes on its picture; empty where the detector draws none.
    """

    audit: AuditFacts
    detector: DetectorFacts
    study: StudyFacts
    accountability: Accountability
    findings: tuple[Finding, ...]
    metrics: tuple[MetricFacts, ...]
    methods: tuple[MethodFacts, ...]
    curves: tuple[Curve, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    gallery: tuple[GalleryCase, ...] = ()
    declared: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Sentence] = field(default_factory=dict)
    prevalence: float | None = None
    minimum: tuple[int, int] = (10, 30)
    explanations: tuple[ExplanationVerdict, ...] = ()
    statements: Statements = field(default_factory=Statements)
    claims: tuple[ClaimCheck, ...] = ()
    equivalence: tuple[EquivalenceFacts, ...] = ()
    striking: tuple[StrikingGroup, ...] = ()
    peak_tolerance: str = ""
    interim: InterimAnalyses | None = None
    suspicions: tuple[Suspicion, ...] = ()
    rescored: Rescored | None = None
    scrubbed: Scrubbed | None = None
    corruptions: tuple[CorruptionFacts, ...] = ()
    boxes: Mapping[str, tuple[ShownBox, ...]] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def find(self, metric: str, **scope: str) -> Finding | None:
        """The finding with exactly this metric and scope, or None."""
        for finding in self.findings:
            if finding.metric == metric and dict(finding.scope) == scope:
                return finding
        return None
