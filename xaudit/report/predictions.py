"""What a card says where only predictions were audited: explanations do not apply."""

from __future__ import annotations

from xaudit.core.finding import DetectorFacts, Findings
from xaudit.report import numbers
from xaudit.report.view import Section

WHY = "Not applicable: a table of predictions was audited, without images and without the network."
_EXPLANATIONS = {
    "robustness": "Does it hold when radiographs get worse?",
    "localization": "Does it look at the fracture?",
    "credibility": "Can the explanations be believed?",
    "methods": "How were the maps made?",
}
_NO_PICTURES = (
    "Not applicable: there are no images to show. Misses and false alarms are counted under "
    "“Does it find fractures?” and, by group, under “For whom and where does it work less well?”."
)


def alone(findings: Findings) -> bool:
    """Whether predictions were audited and nothing else."""
    return findings.detector.format == "predictions"


def applies(findings: Findings, section: str) -> bool:
    """Whether a section of the card has a subject in this audit."""
    return not (alone(findings) and section in _EXPLANATIONS)


def not_applicable() -> tuple[Section, ...]:
    """The sections on explanations and pictures, each with the reason why it has no content."""
    return (
        *(Section(name, "", title, WHY) for name, title in _EXPLANATIONS.items()),
        Section("gallery", "", "Where does it fail?", _NO_PICTURES),
    )


def identity(findings: Findings) -> str:
    """The hash that ties the card to what was audited."""
    weights = findings.detector.weights_sha256
    if weights is None:
        return f"predictions {findings.study.sha256[:12]}"
    return f"weights {weights[:12]}"


def facts(one: DetectorFacts) -> tuple[tuple[str, str], ...]:
    """What is known of the network; nothing where only its predictions were seen."""
    if one.input is None or one.parameters is None:
        return (
            ("Architecture, weights, input", f"{numbers.NONE} ({one.architecture})"),
            ("Output", f"{one.output}, as the table states it"),
        )
    spec = one.input
    return (
        ("Architecture", f"{one.architecture}, {numbers.whole(one.parameters)} parameters"),
        ("Weights", f"{one.weights_file}, SHA-256 {one.weights_sha256}"),
        ("Input", f"{spec.height} × {spec.width} pixels, {spec.color}, {spec.resize}"),
        ("Output", one.output),
        ("Layer of Grad-CAM", one.target_layer or numbers.NONE),
    )
