"""Long bones as tubes of cortex around a spongy medulla, and how much of each a ray passes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, FloatArray
from xaudit.phantom.lines import Line

STEP = 0.1
"""Millimeters between two entries of a bone's tables."""

Pair = tuple[float, float]
Profile = npt.NDArray[np.float64]
Index = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Bone:
    """One long bone; pairs are (proximal, distal), or (frontal, lateral) where said.

    Attributes:
        name: what a radiologist calls it.
        start: axial position of the proximal end in millimeters.
        length: in millimeters.
        center: position of the axis, (frontal, lateral), in millimeters.
        tilt: lateral millimeters per axial millimeter, (frontal, lateral).
        bow: how far the middle leaves the axis, (frontal, lateral), in millimeters.
        radius: of the shaft in millimeters.
        flare: radius of the ends over the radius of the shaft.
        flare_length: how far the widening reaches into the shaft, in millimeters.
        cap: over which length each end is rounded, in millimeters.
        lean: how far each end leaves the axis, in millimeters.
        cortex: thickness of the cortex over the radius of the shaft.
    """

    name: str
    start: float
    length: float
    center: Pair
    radius: float
    tilt: Pair = (0.0, 0.0)
    bow: Pair = (0.0, 0.0)
    flare: Pair = (1.6, 1.6)
    flare_length: Pair = (18.0, 18.0)
    cap: Pair = (4.0, 4.0)
    lean: Pair = (0.0, 0.0)
    cortex: float = 0.4


@dataclass(frozen=True, slots=True)
class BonePiece:
    """How one fragment has moved: across and along the bone, and by which angle.

    Attributes:
        across: millimeters to the side.
        along: millimeters away from the proximal end; negative where fragments override.
        angle: radians around the point ``pivot`` on the axis.
        pivot: millimeters from the proximal end.
    """

    across: float = 0.0
    along: float = 0.0
    angle: float = 0.0
    pivot: float = 0.0


@dataclass(frozen=True, slots=True)
class Break:
    """One fracture of one bone in one view.

    Attributes:
        lines: every line that is seen; those that cut are ordered from proximal to distal.
        pieces: one more than there are cuts, the proximal one first.
        bend: angle in radians of a bone that bends without coming apart, at ``at``.
        at: millimeters from the proximal end.
    """

    lines: tuple[Line, ...]
    pieces: tuple[BonePiece, ...] = (BonePiece(),)
    bend: float = 0.0
    at: float = 0.0

    @property
    def cuts(self) -> tuple[Line, ...]:
        """The lines that separate pieces."""
        return tuple(line for line in self.lines if line.cuts)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """A bone in one view as functions of the distance from its proximal end, every `STEP` mm."""

    outer: FloatArray
    inner: FloatArray
    depth: FloatArray
    middle: FloatArray
    spongy: FloatArray

    @property
    def leftmost(self) -> float:
        """Least lateral position that the bone reaches, in millimeters."""
        return float((self.middle - self.outer).min())

    @property
    def rightmost(self) -> float:
        """Greatest lateral position that the bone reaches, in millimeters."""
        return float((self.middle + self.outer).max())


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What a ray passes in one bone, in millimeters, and where its fracture is seen.

    Attributes:
        cortex: path through compact bone; (H, W).
        medulla: path through the medulla; (H, W).
        spongy: share of trabecular bone there, 0 in the shaft to 1 at the ends; (H, W).
        lesion: where the fracture is; (H, W), all False without one.
    """

    cortex: FloatArray
    medulla: FloatArray
    spongy: FloatArray
    lesion: BoolArray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))


def tables(bone: Bone, azimuth: float) -> Tables:
    """The bone seen from this direction (0 frontal, π/2 lateral)."""
    tau = np.arange(0.0, bone.length + STEP, STEP)
    near = np.exp(-((tau / bone.flare_length[0]) ** 1.6))
    far = np.exp(-(((bone.length - tau) / bone.flare_length[1]) ** 1.6))
    widening = (bone.flare[0] - 1) * near + (bone.flare[1] - 1) * far
    narrow = 1.0 - 0.25 * abs(np.sin(azimuth))
    cap = _rounded(tau / bone.cap[0]) * _rounded((bone.length - tau) / bone.cap[1])
    outer = bone.radius * (1 + widening * narrow) * cap
    wall = bone.cortex * bone.radius * (1 - 0.82 * np.clip(near + far, 0, 1)) + 0.12
    spongy = np.clip(np.sqrt(near) + np.sqrt(far), 0, 1)
    return Tables(
        outer=outer.astype(np.float32),
        inner=np.clip(outer - wall, 0, None).astype(np.float32),
        depth=(bone.radius * (1 + 0.55 * widening) * cap).astype(np.float32),
        middle=_axis(bone, tau, azimuth, near, far).astype(np.float32),
        spongy=spongy.astype(np.float32),
    )


def _rounded(share: Profile) -> Profile:
    missing = 1 - np.clip(share, 0, 1)
    return np.asarray((1 - missing**2.4) ** (1 / 2.4))


def _axis(bone: Bone, tau: Profile, azimuth: float, near: Profile, far: Profile) -> Profile:
    frontal, lateral = float(np.cos(azimuth)), float(np.sin(azimuth))

    def seen(pair: Pair) -> float:
        return pair[0] * frontal + pair[1] * lateral

    relative = tau - bone.length / 2
    arch = 1 - (2 * relative / bone.length) ** 2
    ends = (bone.lean[0] * near + bone.lean[1] * far) * frontal
    return np.asarray(seen(bone.center) + seen(bone.tilt) * relative + seen(bone.bow) * arch + ends)


def project(
    bone: Bone, shape: Tables, lateral: FloatArray, axial: FloatArray, marks: tuple[Line, ...]
) -> Projection:
    """An intact bone with its normal markings (growth plate, nutrient canal)."""
    tau = axial - bone.start
    cortex, medulla, u, index = _chords(shape, tau, lateral)
    for mark in marks:
        kept = mark.kept(tau, u)
        cortex, medulla = cortex * kept, medulla * (0.45 + 0.55 * kept)
    return Projection(cortex, medulla, shape.spongy[index])


def project_broken(
    bone: Bone,
    shape: Tables,
    position: tuple[FloatArray, FloatArray],
    marks: tuple[Line, ...],
    broken: Break,
) -> Projection:
    """A fractured bone: the sum of its pieces, each moved, less what the lines take away."""
    lateral, tau = position[0], position[1] - bone.start
    if broken.bend:
        lateral = lateral - broken.bend * _softplus(tau - broken.at)
    cortex, medulla = np.zeros_like(tau), np.zeros_like(tau)
    lesion = np.zeros(tau.shape, dtype=bool)
    index = _index(shape, tau)
    for order, piece in enumerate(broken.pieces):
        moved = tau - piece.along
        aside = lateral - piece.across - piece.angle * (tau - piece.pivot)
        own_cortex, own_medulla, u, _ = _chords(shape, moved, aside)
        lesion |= _seen(broken, moved, u) & (own_cortex + own_medulla > 0)
        share = _share(broken.cuts, order, moved, u)
        kept = np.ones_like(share)
        for line in (*broken.lines, *marks):
            kept *= line.kept(moved, u)
        cortex += own_cortex * share * kept
        medulla += own_medulla * share * (0.45 + 0.55 * kept)
    return Projection(cortex, medulla, shape.spongy[index], lesion)


def _softplus(distance: FloatArray, soft: float = 2.0) -> FloatArray:
    return np.asarray(soft * np.logaddexp(0.0, distance / soft), dtype=np.float32)


def _index(shape: Tables, tau: FloatArray) -> Index:
    nearest: Index = np.clip(np.rint(tau / STEP), 0, shape.outer.size - 1).astype(np.int32)
    return nearest


def _chords(
    shape: Tables, tau: FloatArray, lateral: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, Index]:
    """Path through cortex and medulla, position across the bone, and the table index."""
    index = _index(shape, tau)
    aside = lateral - shape.middle[index]
    outer, inner, depth = shape.outer[index], shape.inner[index], shape.depth[index]
    u: FloatArray = np.asarray(aside / np.maximum(outer, np.float32(1e-3)), dtype=np.float32)
    beyond = (tau < 0) | (tau > (shape.outer.size - 1) * STEP)
    whole = 2 * depth * np.sqrt(np.clip(1 - u * u, 0, None))
    hollow = np.clip(1 - (aside / np.maximum(inner, 1e-3)) ** 2, 0, None)
    share = inner / np.maximum(outer, np.float32(1e-3))
    medulla: FloatArray = np.asarray(2 * depth * share * np.sqrt(hollow), dtype=np.float32)
    whole[beyond], medulla[beyond] = 0.0, 0.0
    return whole - medulla, medulla, u, index


def _share(cuts: tuple[Line, ...], order: int, tau: FloatArray, u: FloatArray) -> FloatArray:
    """1 inside the piece, 0 beyond its broken ends."""
    share = np.ones_like(tau)
    if order > 0:
        share = share * np.clip(0.5 + cuts[order - 1].ahead(tau, u) / 0.5, 0, 1)
    if order < len(cuts):
        share = share * np.clip(0.5 - cuts[order].ahead(tau, u) / 0.5, 0, 1)
    return share


def _seen(broken: Break, tau: FloatArray, u: FloatArray, margin: float = 0.5) -> BoolArray:
    """Where a reader would outline the fracture: its lines and what lies between the first two."""
    seen = np.zeros(tau.shape, dtype=bool)
    for line in broken.lines:
        seen |= line.covers(tau, u, margin).astype(bool)
    if len(broken.lines) > 1:
        seen |= broken.lines[0].ahead(tau, u) * broken.lines[1].ahead(tau, u) < 0
    return seen
