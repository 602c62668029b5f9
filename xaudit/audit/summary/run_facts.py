"""Facts of a run for its summary: detector and methods; a saved audit has them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from xaudit.core.attribution import Parameter
from xaudit.core.detector import Taken


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """How reports call it."""


class RanMethod(Protocol):
    """One attribution method with its parameters."""

    @property
    def name(self) -> str:
        """Registry name."""

    @property
    def library(self) -> str:
        """Package and version that computed the maps."""

    @property
    def question(self) -> str:
        """What the map answers, as one sentence."""

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter, defaults included."""


class RanDetector(Protocol):
    """The detector as it was loaded."""

    @property
    def weights_sha256(self) -> str | None:
        """Of the file; None where there is none."""

    @property
    def source(self) -> str | None:
        """Where it runs, if that is elsewhere."""

    @property
    def stated(self) -> Mapping[str, str]:
        """What it says of itself there."""

    @property
    def parameter_count(self) -> int | None:
        """Of the network."""

    @property
    def taken(self) -> Taken:
        """What of the file of weights the network received."""

    @property
    def target_layer(self) -> Named | None:
        """What Grad-CAM reads; None if no layer returns a feature map."""


class Ran(Protocol):
    """A detector and the methods that explained it."""

    @property
    def detector(self) -> RanDetector:
        """The detector."""

    @property
    def explainers(self) -> Sequence[RanMethod]:
        """The methods of the plan, in order."""

    @property
    def described(self) -> Mapping[str, str]:
        """For provenance: device, batches and number format."""
