"""The film plane: where each pixel lies in the patient, and what the beam passes on its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xaudit.core.case import FloatArray


@dataclass(frozen=True, slots=True)
class Frame:
    """How the patient lies on the film.

    Attributes:
        height: rows of the image.
        width: columns of the image.
        pixel: millimeters per pixel.
        center: (lateral, axial) patient coordinates in millimeters at the middle of the image.
        turn: rotation of the limb on the film, in radians.
        mirrored: True for a right limb, rendered as the mirror image of a left one.
    """

    height: int
    width: int
    pixel: float
    center: tuple[float, float]
    turn: float
    mirrored: bool

    def coordinates(self) -> tuple[FloatArray, FloatArray]:
        """Lateral and axial position of every pixel in millimeters; two (height, width)."""
        rows, columns = np.mgrid[: self.height, : self.width].astype(np.float32)
        across = (columns - (self.width - 1) / 2) * self.pixel
        along = (rows - (self.height - 1) / 2) * self.pixel
        if self.mirrored:
            across = -across
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        lateral = cosine * across + sine * along + self.center[0]
        axial = -sine * across + cosine * along + self.center[1]
        return lateral.astype(np.float32), axial.astype(np.float32)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], sigma: tuple[float, float]
) -> FloatArray:
    """Gaussian noise of unit variance with this correlation length (rows, columns) in pixels."""
    white = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    return np.asarray(smooth / max(float(smooth.std()), 1e-9), dtype=np.float32)


def coarse_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]
) -> FloatArray:
    """Slowly varying noise of about unit variance: a coarse grid, spline-interpolated up."""
    grid = rng.standard_normal((cells[0] + 3, cells[1] + 3))
    rows = np.linspace(1, cells[0] + 1, shape[0])
    columns = np.linspace(1, cells[1] + 1, shape[1])
    up = _spline_matrix(rows, grid.shape[0]) @ grid @ _spline_matrix(columns, grid.shape[1]).T
    return np.asarray(1.6 * up, dtype=np.float32)


def _spline_matrix(at: np.ndarray, knots: int) -> np.ndarray:
    distance = np.abs(at[:, None] - np.arange(knots)[None, :])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far)
