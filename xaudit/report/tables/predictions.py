"""Sections of a card where only predictions were audited: explanations do not apply."""

from __future__ import annotations

from xaudit.core.detector import InputSpec, Taken, Views
from xaudit.core.record.finding import DetectorFacts, Findings
from xaudit.core.source import Intensity, StoredBits
from xaudit.report.language.translation import later, told, tr, word
from xaudit.report.view import numbers
from xaudit.report.view.model import Section

WHY = later(
    "Not applicable: a table of predictions was audited, without images and without the network."
)
_EXPLANATIONS = {
    "robustness": later("Does it hold on degraded radiographs?"),
    "localization": later("Does it look at the fracture?"),
    "credibility": later("Can the explanations be believed?"),
    "methods": later("How were the maps made?"),
    "gallery": later("Where does it fail?"),
}
_NAMED = 5
SANDBOX = "sandbox"
"""Under this name provenance says what held the code of strangers."""
_NO_PICTURES = later(
    "Not applicable: there are no images to show. Misses and false alarms are "
    "counted under “Does it find fractures?” and, by subgroup, under “For whom "
    "and where does it work less well?”."
)


def alone(findings: Findings) -> bool:
    """Whether predictions were audited and nothing else."""
    return findings.detector.format == "predictions"


def applies(findings: Findings, section: str) -> bool:
    """Whether a section of the card has a subject in this audit."""
    return not (alone(findings) and section in _EXPLANATIONS)


def not_applicable(section: str) -> Section:
    """A section on explanations or pictures, with the reason why it has no content."""
    why = _NO_PICTURES if section == "gallery" else WHY
    return Section(section, "", tr(_EXPLANATIONS[section]), tr(why))


def identity(findings: Findings) -> str:
    """The hash that ties the card to what was audited."""
    weights = findings.detector.weights_sha256
    if weights is None and not alone(findings):
        return tr("not identified by a file")
    if weights is None:
        return tr("predictions {hash}", hash=findings.study.sha256[:12])
    return tr("weights {hash}", hash=weights[:12])


def _intensity(declared: Intensity) -> str:
    return f"bits: {declared.bits}" if isinstance(declared, StoredBits) else declared


def facts(detector: DetectorFacts, walls: str | None = None) -> tuple[tuple[str, str], ...]:
    """What is known of the network; nothing where only its predictions were seen.

    Args:
        detector: the detector.
        walls: of the sandbox that it ran in; None for none.
    """
    if detector.input is None:
        return (
            (tr("Architecture, weights, input"), f"{numbers.NONE} ({word(detector.architecture)})"),
            (tr("Output"), tr("{output}, as the table states it", output=word(detector.output))),
        )
    spec = detector.input
    return (
        (tr("Architecture"), _architecture(detector)),
        *_own_code(detector),
        *_sandbox(detector, walls),
        *_elsewhere(detector),
        (
            tr("Weights"),
            f"{told(detector.weights_file or '')}, SHA-256 {detector.weights_sha256}"
            if detector.weights_sha256
            else tr("no file of them is known"),
        ),
        *_taken(detector.taken),
        (
            tr("Input"),
            tr(
                "{height} × {width} pixels, {color}, {resize}; resampling {interpolation}, "
                "values by {intensity}",
                height=spec.height,
                width=spec.width,
                color=word(spec.color),
                resize=_resize(spec),
                interpolation=spec.interpolation,
                intensity=_intensity(spec.intensity),
            ),
        ),
        *_views(spec.views),
        (tr("Output"), word(detector.output)),
        (tr("Layer of Grad-CAM"), detector.target_layer or numbers.NONE),
    )


def _views(views: Views | None) -> tuple[tuple[str, str], ...]:
    """What a case is, where the detector sees several images at once."""
    if views is None:
        return ()
    order = ", ".join(told(level) for level in views.levels) or tr("by their ids")
    said = tr(
        "a case is an examination of up to {count} images, which the detector sees at once, in "
        "this order: {order}; one that is missing is gray {absent:g}. Maps show them one under "
        "another",
        count=views.count,
        order=order,
        absent=views.absent,
    )
    return ((tr("Views"), said),)


def _architecture(detector: DetectorFacts) -> str:
    if detector.parameters is None:
        return tr("{architecture}, parameters not known", architecture=detector.architecture)
    return tr(
        "{architecture}, {parameters} parameters",
        architecture=detector.architecture,
        parameters=numbers.whole(detector.parameters),
    )


def _elsewhere(detector: DetectorFacts) -> tuple[tuple[str, str], ...]:
    """Where it ran, if not in the audit, and what it says it is."""
    if detector.elsewhere is None:
        return ()
    stated = "; ".join(f"{name} {said}" for name, said in detector.stated.items())
    where = tr("{where}; it offers scores alone", where=detector.elsewhere)
    return ((tr("Runs elsewhere"), where), (tr("States of itself"), stated or tr("nothing")))


def _sandbox(detector: DetectorFacts, walls: str | None) -> tuple[tuple[str, str], ...]:
    """What held the code of strangers, or that nothing did."""
    if walls is not None:
        said = tr("{walls}: no network, no files but its own, limited memory", walls=walls)
        return ((tr("Sandbox"), said),)
    if detector.own_code:
        return ((tr("Sandbox"), tr("none; it ran with the rights of whoever ran the audit")),)
    return ()


def _own_code(detector: DetectorFacts) -> tuple[tuple[str, str], ...]:
    """That other code ran than that of libraries whose names a reader knows."""
    if not detector.own_code:
        return ()
    said = tr(
        "{architecture} is not of torchvision, timm or xaudit; whoever ran the audit allowed it "
        "to run",
        architecture=detector.elsewhere or detector.architecture,
    )
    return ((tr("Code of its own"), said),)


def _resize(spec: InputSpec) -> str:
    if spec.crop_pct == 1:
        return word(spec.resize)
    return tr("{resize} with crop_pct {share}", resize=word(spec.resize),
               share=numbers.plain(spec.crop_pct))  # fmt: skip


def _taken(taken: Taken | None) -> tuple[tuple[str, str], ...]:
    """What of the file the network received, where that was not simply all of it."""
    if taken is None or taken == Taken():
        return ()
    parts = []
    if taken.key:
        parts.append(tr("state {key}", key=taken.key))
    if taken.beside:
        parts.append(tr("not {keys}", keys=", ".join(taken.beside)))
    if taken.prefix:
        parts.append(tr("prefix {prefix} taken off the names", prefix=taken.prefix))
    if taken.left_out:
        names = ", ".join(taken.left_out[:_NAMED])
        if len(taken.left_out) > _NAMED:
            names += tr(" and {rest} more", rest=len(taken.left_out) - _NAMED)
        parts.append(
            tr("{count} entries left out: {names}", count=len(taken.left_out), names=names)
        )
    return ((tr("Taken from the file"), "; ".join(parts)),)
