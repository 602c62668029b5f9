"""The same network with other weights: trained on shuffled labels, or trained once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from xaudit.audit.config.explain_config import ChecksConfig
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import TorchDetector

SHUFFLED = "label_randomization_similarity"
RETRAINED = "reproducibility"


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A detector to compare the maps of the audited one with.

    Attributes:
        metric: that compares the maps.
        name: of the file of its weights.
        evaluator: of the loaded detector.
    """

    metric: str
    name: str
    evaluator: Evaluator


def weights_of_others(checks: ChecksConfig) -> Mapping[Path, str]:
    """Declared weights → the metric for which they are wanted."""
    shuffled = {checks.shuffled_labels: SHUFFLED} if checks.shuffled_labels else {}
    return shuffled | dict.fromkeys(checks.retrained, RETRAINED)


def check_others(spec: DetectorSpec, checks: ChecksConfig) -> None:
    """Load them once, so that weights that do not fit are found before hours of work.

    Raises:
        DetectorError: weights cannot be loaded into the network.
    """
    for path in weights_of_others(checks):
        _load(spec, path)


def counterpart(
    spec: DetectorSpec, checks: ChecksConfig, like: Evaluator, weights: Path
) -> Counterpart:
    """Load one of them.

    Args:
        spec: of the audited detector; only the weights differ.
        checks: where the weights of all of them are.
        like: evaluator of the audited detector; batches and device are taken from it.
        weights: which of them.

    Raises:
        DetectorError: weights cannot be loaded into the network.
    """
    detector = _load(spec, weights)
    detector.module.to(like.device)
    return Counterpart(weights_of_others(checks)[weights], weights.name, like.like(detector))


def _load(spec: DetectorSpec, path: Path) -> TorchDetector:
    try:
        return load_declared(replace(spec, weights=path))
    except DetectorError as error:
        raise DetectorError(f"explain.checks, {path.name}: {error}") from None
