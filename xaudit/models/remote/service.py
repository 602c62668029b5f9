"""A model behind an address, asked as the audit asks every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from xaudit.core.case import FloatArray
from xaudit.models.remote.client import Client
from xaudit.models.remote.in_flight import in_order
from xaudit.models.remote.table import joined


class Spoken(Protocol):
    """A protocol in which one question is asked."""

    def ask(self, planes: FloatArray) -> FloatArray:
        """(N, C, H, W) → (N, K)."""

    def stated(self) -> Mapping[str, str]:
        """What the service says of itself, now."""


class Service:
    """A model that answers over HTTP; satisfies `xaudit.core.detector.Elsewhere`.

    Args:
        client: of the service.
        spoken: its protocol.
        source: its address and the protocol, for readers.
        images: in one question, at most.
        parallel: questions at once, at most.
    """

    def __init__(
        self, client: Client, spoken: Spoken, source: str, images: int, parallel: int
    ) -> None:
        self._client, self._spoken = client, spoken
        self._images, self._parallel = images, parallel
        self.source = source

    @property
    def batch(self) -> int:
        """Images that are under way at once, at most."""
        return self._images * self._parallel

    def __call__(self, planes: FloatArray) -> FloatArray:
        """(N, C, H, W) → (N, K)."""
        starts = range(0, len(planes), self._images)
        parts = [planes[start : start + self._images] for start in starts]
        return joined(in_order(self._spoken.ask, parts, self._parallel), self.source)

    def stated(self) -> Mapping[str, str]:
        """What the service says of itself, now."""
        return self._spoken.stated()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
