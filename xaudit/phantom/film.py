"""Films of limbs: absorption, scatter, blur, quantum noise, display curve, collimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray
from xaudit.phantom.anatomy import Blob, Limb
from xaudit.phantom.bones import Projection, Tables, project, project_broken, tables
from xaudit.phantom.fractures import Fracture
from xaudit.phantom.frame import Frame, coarse_noise, smooth_noise
from xaudit.phantom.glyphs import render_marker
from xaudit.phantom.sites import Device, Marker

FAT, MUSCLE, COMPACT, SPONGY = 0.0175, 0.0215, 0.082, 0.040
"""Attenuation per millimeter: of the order of the NIST tables at 50 to 60 keV, chosen by look."""


@dataclass(frozen=True, slots=True)
class View:
    """One exposure.

    Attributes:
        name: "ap", "lateral" or "oblique".
        azimuth: direction of the beam in radians, 0 frontal.
        frame: how the limb lies on the film.
        collimation: half height and half width of the exposed field, as shares of the film.
        collimation_turn: rotation of that field in radians.
        marker: look of the side marker, or None where the radiographer forgot it.
        marker_at: (row, column) of its upper left corner in pixels.
        marker_turn: its rotation in radians.
        seed: of the texture and the noise of this exposure.
    """

    name: str
    azimuth: float
    frame: Frame
    collimation: tuple[float, float]
    collimation_turn: float
    marker: Marker | None
    marker_at: tuple[int, int]
    marker_turn: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """What one exposure gives.

    Attributes:
        image: (H, W) uint8, bone bright.
        lesions: (L, H, W) bool, one plane for each fractured bone that the field shows.
        marker: (H, W) bool, where the side marker lies.
    """

    image: npt.NDArray[np.uint8]
    lesions: BoolArray
    marker: BoolArray


def expose(limb: Limb, fractures: tuple[Fracture, ...], view: View, device: Device) -> Film:
    """One radiograph of a limb; the same arguments give the same film to the bit.

    Texture and noise do not depend on the fractures: a film of the same view without them
    differs from it only by the fracture and by what it displaces.
    """
    rng = np.random.default_rng(view.seed)
    frame = view.frame
    shape = (frame.height, frame.width)
    lateral, axial = frame.coordinates()
    field = _field(view)
    texture = _trabeculae(rng, shape)
    tissue = _soft_tissue(limb, view, lateral, axial, rng)
    bone, lesions = _bones(limb, fractures, view, (lateral, axial), texture)
    absorbed = tissue + bone + _blobs(limb.blobs, view, lateral, axial, texture)
    gray = _display(absorbed, _reference(limb), device, rng)
    gray = gray * ndimage.gaussian_filter(field.astype(np.float32), 0.8)
    lead = _marker(view, limb, shape, rng)
    gray = gray * (1 - lead) + (0.9 + 0.08 * device.brightness) * lead
    image = np.clip(np.rint(gray * 255), 0, 255).astype(np.uint8)
    return Film(image, _outlined(lesions, field, frame), lead > 0.3)


def _field(view: View) -> BoolArray:
    frame = view.frame
    rows, columns = np.mgrid[: frame.height, : frame.width].astype(np.float32)
    y, x = rows - (frame.height - 1) / 2, columns - (frame.width - 1) / 2
    cosine, sine = np.cos(view.collimation_turn), np.sin(view.collimation_turn)
    high = np.abs(cosine * y + sine * x) <= view.collimation[0] * frame.height
    wide = np.abs(cosine * x - sine * y) <= view.collimation[1] * frame.width
    return np.asarray(high & wide)


def _trabeculae(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Fine strands, mostly along the limb; mean 0, about ±1."""
    along = smooth_noise(rng, shape, (2.2, 0.6))
    across = smooth_noise(rng, shape, (0.7, 1.6))
    return np.asarray(0.8 * (0.8 - np.abs(along)) + 0.45 * (0.8 - np.abs(across)), dtype=np.float32)


def _soft_tissue(
    limb: Limb, view: View, lateral: FloatArray, axial: FloatArray, rng: np.random.Generator
) -> FloatArray:
    knots = np.array(limb.outline)
    ramp = np.arange(-320.0, 520.0, 0.5)
    half = np.interp(ramp, knots[:, 0], knots[:, 1])
    half = ndimage.gaussian_filter1d(half, 4.0 if limb.part == "finger" else 24.0)
    scale = 1.0 - 0.15 * abs(np.sin(view.azimuth))
    index = np.clip((axial + 320.0) * 2, 0, ramp.size - 1).astype(np.int32)
    half = (half * scale).astype(np.float32)[index]
    thick = half * (0.78 if limb.part != "finger" else 1.0)
    whole = 2 * thick * np.sqrt(np.clip(1 - np.abs(lateral / half) ** 2.6, 0, None))
    muscle = 2 * 0.8 * thick * np.sqrt(np.clip(1 - (lateral / (0.86 * half)) ** 2, 0, None))
    mottled = 1 + 0.06 * coarse_noise(rng, lateral.shape, (9, 5))
    mottled += 0.025 * smooth_noise(rng, lateral.shape, (9.0, 1.6))
    return np.asarray(FAT * whole + (MUSCLE - FAT) * 1.8 * muscle * mottled, dtype=np.float32)


def _bones(
    limb: Limb,
    fractures: tuple[Fracture, ...],
    view: View,
    position: tuple[FloatArray, FloatArray],
    texture: FloatArray,
) -> tuple[FloatArray, list[BoolArray]]:
    total = np.zeros_like(texture)
    lesions: list[BoolArray] = []
    broken = {fracture.bone: fracture for fracture in fractures}
    for index, (bone, marks) in enumerate(zip(limb.bones, limb.marks, strict=True)):
        shape: Tables = tables(bone, view.azimuth)
        lateral, axial = position
        near = (axial > bone.start - 12) & (axial < bone.start + bone.length + 12)
        if index not in broken:
            near &= (lateral > shape.leftmost) & (lateral < shape.rightmost)
        cut = _window(near)
        here = lateral[cut], axial[cut]
        if index in broken:
            seen = broken[index].seen(bone, view.azimuth)
            part = project_broken(bone, shape, here, marks, seen)
            lesions.append(np.zeros(texture.shape, dtype=bool))
            lesions[-1][cut] = part.lesion
        else:
            part = project(bone, shape, *here, marks)
        total[cut] += _absorption(part, texture[cut])
    return total, lesions


def _window(near: BoolArray) -> tuple[slice, slice]:
    """The smallest rectangle with all of these pixels; empty if there are none."""
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _absorption(part: Projection, texture: FloatArray) -> FloatArray:
    """Line integral beyond the soft tissue that the bone displaces."""
    density = (0.12 + 0.46 * part.spongy) * (1 + 0.36 * texture * (0.3 + part.spongy))
    compact = (COMPACT - MUSCLE) * part.cortex * (1 + 0.05 * texture)
    return np.asarray(compact + (SPONGY - 0.5 * MUSCLE) * part.medulla * density, dtype=np.float32)


def _blobs(
    blobs: tuple[Blob, ...], view: View, lateral: FloatArray, axial: FloatArray, texture: FloatArray
) -> FloatArray:
    total = np.zeros_like(texture)
    for blob in blobs:
        y, x = axial - blob.center[1], lateral - blob.center[0] * float(np.cos(view.azimuth))
        cut = _window(np.hypot(x, y) < 1.3 * max(blob.radii[:2]))
        whole, spongy = _ellipsoid(blob, x[cut], y[cut])
        part = Projection(whole - spongy, spongy, np.ones_like(whole))
        total[cut] += 0.62 * _absorption(part, texture[cut])
    return total


def _ellipsoid(blob: Blob, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Path through a short bone and through its spongy inside."""
    cosine, sine = np.cos(blob.turn), np.sin(blob.turn)
    right, down = (cosine * x + sine * y) / blob.radii[0], (cosine * y - sine * x) / blob.radii[1]
    around = np.arctan2(down, right)
    first, second, third = blob.lobes
    rim = 1 + 0.10 * np.sin(2 * around + first) + 0.07 * np.sin(3 * around + second)
    rho = (right**2 + down**2) / (rim + 0.04 * np.sin(5 * around + third)) ** 2
    whole = 2 * blob.radii[2] * np.sqrt(np.clip(1 - rho**2, 0, None))
    spongy = 1.94 * blob.radii[2] * np.sqrt(np.clip(1 - (rho / 0.86) ** 2, 0, None))
    return np.asarray(whole, dtype=np.float32), np.asarray(spongy, dtype=np.float32)


def _reference(limb: Limb) -> float:
    """Line integral that the display curve shows almost white: cortex behind soft tissue."""
    thickest = max(bone.radius for bone in limb.bones[: limb.breakable])
    girth = max(half for at, half in limb.outline if abs(at - limb.middle) < limb.field[0] / 2)
    thick = girth * (0.78 if limb.part != "finger" else 1.0)
    return 2 * thick * (FAT + 1.44 * (MUSCLE - FAT)) + 1.25 * thickest * (COMPACT - MUSCLE)


def _display(
    absorbed: FloatArray, reference: float, device: Device, rng: np.random.Generator
) -> FloatArray:
    haze = ndimage.gaussian_filter(absorbed, 18.0, truncate=2.5)
    spread = ndimage.gaussian_filter(absorbed, device.blur)
    signal = (1 - device.scatter) * spread + device.scatter * haze
    grain = rng.standard_normal(absorbed.shape, dtype=np.float32)
    grain = ndimage.gaussian_filter(grain, 0.35 + 0.3 * device.blur)
    grain /= max(float(grain.std()), 1e-9)
    noisy = signal + device.noise * np.exp(0.35 * absorbed) * grain
    lifted = np.clip(noisy / reference, 0.0, None) ** 0.8
    shown = 0.5 + device.brightness + device.contrast * (lifted - 0.56)
    return np.asarray(_shoulder(shown), dtype=np.float32)


def _shoulder(shown: FloatArray) -> FloatArray:
    """Film-like toe and shoulder: straight in the middle, never quite black or white."""
    return np.asarray(0.5 + 0.5 * np.tanh(1.25 * (shown - 0.5) * 2) / np.tanh(1.4))


def _marker(view: View, limb: Limb, shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    lead = np.zeros(shape, dtype=np.float32)
    if view.marker is None:
        return lead
    size = max(18, shape[0] // 13)
    letter = "R" if view.frame.mirrored else "L"
    row, column = view.marker_at
    lead[row : row + size, column : column + size] = render_marker(
        letter, view.marker, size, view.marker_turn
    )
    return np.asarray(ndimage.gaussian_filter(lead, 0.5), dtype=np.float32)


def _outlined(lesions: list[BoolArray], field: BoolArray, frame: Frame) -> BoolArray:
    """Lesions as an annotator draws them: with a rim of three pixels, inside the exposed field."""
    shown = []
    disc = np.hypot(*np.mgrid[-3:4, -3:4]) <= 3.2
    for lesion in lesions:
        outlined = ndimage.binary_dilation(lesion & field, disc) & field
        if outlined.any():
            shown.append(outlined)
    if not shown:
        return np.zeros((0, frame.height, frame.width), dtype=bool)
    return np.stack(shown)
