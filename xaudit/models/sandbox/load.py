"""Load a detector as it is declared: here, or in a box where it says so."""

from __future__ import annotations

from dataclasses import replace

from xaudit.models.load import detector_of, load_detector, nothing_lost
from xaudit.models.remote.permission import COMMAND, HTTP
from xaudit.models.sandbox.box import Box
from xaudit.models.sandbox.boxed import BoxedNetwork, offered_by
from xaudit.models.sandbox.confine import find_sandbox
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import TorchDetector


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
        detector = detector_of(spec, network, box.about.taken_from_file, offered_by(network))
    return replace(detector, sandbox=sandbox.held)
