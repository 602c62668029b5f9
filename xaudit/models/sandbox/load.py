"""Load a detector as it is declared: here, or in a box where it says so."""

from __future__ import annotations

from dataclasses import replace

from xaudit.core.message import Message
from xaudit.models.heads.output import DRAWN, OutputSpec
from xaudit.models.load import detector_of, load_detector, nothing_lost
from xaudit.models.remote.permission import COMMAND, HTTP
from xaudit.models.sandbox.box import Box
from xaudit.models.sandbox.boxed import BoxedNetwork, offered_by
from xaudit.models.sandbox.confine import find_sandbox
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import TorchDetector

_STAY = (
    "Boxes and masks do not leave the sandbox: of the output {kind} the audit has the score of "
    "each image alone; without the sandbox (--no-sandbox) it has what was drawn too."
)


def load_declared(spec: DetectorSpec) -> TorchDetector:
    """Load a detector, in a box where its declaration says so.

    A program is put into a box as it is; of a service nothing runs here.

    Args:
        spec: what the configuration declares.

    Raises:
        DetectorError: it cannot be loaded as declared, or no box can be made here.
    """
    if not spec.sandbox or spec.format == HTTP:
        return load_detector(spec)
    sandbox = find_sandbox()
    if spec.format == COMMAND:
        return replace(load_detector(spec), sandbox=sandbox.held)
    with nothing_lost():
        box = Box(spec, sandbox)
        network = BoxedNetwork(box)
        here = _outside(spec)
        detector = detector_of(here, network, box.about.taken_from_file, offered_by(network))
    if here is not spec:
        limits = (*detector.facts.limits, Message(_STAY, kind=spec.output.kind))
        detector = replace(detector, facts=replace(detector.facts, limits=limits))
    return replace(detector, sandbox=sandbox.held)


def _outside(spec: DetectorSpec) -> DetectorSpec:
    """How what crosses the border is declared: of what draws it is the score of an image."""
    return replace(spec, output=OutputSpec()) if spec.output.kind in DRAWN else spec
