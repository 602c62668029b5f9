"""Lines through a bone: fractures, and the normal structures that resemble them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xaudit.core.case import FloatArray


@dataclass(frozen=True, slots=True)
class Line:
    """A surface through a bone as the film shows it, in coordinates along the bone.

    The line runs at ``at + slope · u + twist · (2/π) asin(u) + waves(u)``, u in [-1, 1] being the
    position across the bone.

    Attributes:
        at: millimeters from the proximal end of the bone, on the axis.
        slope: millimeters along the bone from the axis to its edge.
        twist: the same for a line that winds around the bone (steep at both edges).
        waves: (amplitude in mm, cycles, phase) of each component of the jaggedness.
        reach: from which u to which u it runs.
        width: half the width in millimeters (one standard deviation of the profile).
        loss: share of the bone in the beam that is missing on the line, in [0, 1]; negative
            where bone is added (a sclerotic margin).
        cuts: whether the bone is in two pieces here.
    """

    at: float
    slope: float = 0.0
    twist: float = 0.0
    waves: tuple[tuple[float, float, float], ...] = ()
    reach: tuple[float, float] = (-1.2, 1.2)
    width: float = 0.4
    loss: float = 0.8
    cuts: bool = False

    def ahead(self, tau: FloatArray, u: FloatArray) -> FloatArray:
        """How far a point lies distal of the line, in millimeters."""
        inside = np.clip(u, -1.0, 1.0)
        line = self.at + self.slope * inside
        if self.twist:
            line = line + self.twist * np.arcsin(inside) * (2 / np.pi)
        for amplitude, cycles, phase in self.waves:
            line = line + amplitude * np.sin(cycles * np.pi * inside + phase)
        return np.asarray(tau - line, dtype=np.float32)

    def kept(self, tau: FloatArray, u: FloatArray) -> FloatArray:
        """The share of bone that the line leaves, at every point."""
        profile = np.exp(-0.5 * (self.ahead(tau, u) / self.width) ** 2) * self._window(u)
        if self.waves:  # a broken edge is not equally open everywhere
            profile *= 0.78 + 0.22 * np.sin(4.3 * u + 5 * self.waves[0][2])
        return np.asarray(1.0 - self.loss * profile, dtype=np.float32)

    def covers(self, tau: FloatArray, u: FloatArray, margin: float) -> FloatArray:
        """Where the line is rendered, ``margin`` millimeters to either side; bool."""
        near = np.abs(self.ahead(tau, u)) <= 1.5 * self.width + margin
        return np.asarray(near & (self._window(u) > 0.25))

    def _window(self, u: FloatArray) -> FloatArray:
        start = np.clip((u - self.reach[0]) / 0.15, 0.0, 1.0)
        stop = np.clip((self.reach[1] - u) / 0.15, 0.0, 1.0)
        return np.asarray(start * stop, dtype=np.float32)


def jagged(rng: np.random.Generator, amplitude: float) -> tuple[tuple[float, float, float], ...]:
    """Waves of a broken edge: three components, finer ones smaller."""
    return tuple(
        (
            amplitude * float(rng.uniform(0.5, 1.0)) / (order + 1),
            (order + 1) * float(rng.uniform(0.7, 1.6)),
            float(rng.uniform(0, 2 * np.pi)),
        )
        for order in range(3)
    )
