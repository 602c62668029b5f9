"""The port for what is explained: one number for each image, made of what a network returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

TargetRecord = Mapping[str, str | int | float | tuple[int, ...] | tuple[float, ...]]
"""What identifies a target, plain enough to be written down."""


class Target(Protocol):
    """What scores, decisions and maps are about."""

    @property
    def record(self) -> TargetRecord:
        """What identifies it, as an audit writes it down; `kind` says what it is."""

    def score(self, output: Any, images: int, /) -> Any:  # noqa: ANN401
        """The number itself.

        Args:
            output: of the network for N images, whatever kind of tensor it computes with.
            images: N.

        Returns:
            (N,), of the same kind of tensor; it can be differentiated where the output can be.

        Raises:
            DetectorError: the output is not what was declared.
        """
