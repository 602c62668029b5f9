"""Keys of what several methods ask about the same case: such passes are made once."""

from __future__ import annotations

from collections.abc import Hashable

IMAGE: Hashable = "image"
"""The image itself."""


def baseline_key(name: str) -> Hashable:
    """The baseline of this name."""
    return ("baseline", name)
