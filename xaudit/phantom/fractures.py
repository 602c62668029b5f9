"""Fractures of a patient in three dimensions, and what each view shows of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from xaudit.phantom.anatomy import Limb
from xaudit.phantom.bones import Bone, BonePiece, Break
from xaudit.phantom.lines import Line, jagged

Kind = Literal["transverse", "oblique", "spiral", "comminuted", "hairline", "greenstick"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_ADULT = {"transverse": 0.22, "oblique": 0.22, "spiral": 0.18, "comminuted": 0.16, "hairline": 0.22}
_CHILD = {"transverse": 0.2, "oblique": 0.14, "spiral": 0.14, "hairline": 0.17, "greenstick": 0.35}


@dataclass(frozen=True, slots=True)
class Fracture:
    """One fracture of one bone; lengths in millimeters, angles in radians.

    Attributes:
        kind: as a radiologist would class it.
        bone: index of the bone in its limb.
        at: distance from the proximal end of the bone.
        slope: tilt of the fracture plane: millimeters along the bone from axis to edge.
        azimuth: direction of that tilt around the bone; 0 is seen in full on a frontal view.
        shift: displacement of the distal piece, (frontal, lateral).
        along: how far the pieces are apart (positive) or override (negative).
        angle: angulation of the distal piece, (frontal, lateral).
        width: half the width of the gap.
        loss: share of the bone missing in the gap, in (0, 1].
        side: which edge an incomplete fracture starts from, -1 or 1.
        waves: jaggedness of the broken edge.
    """

    kind: Kind
    bone: int
    at: float
    slope: float
    azimuth: float
    shift: tuple[float, float]
    along: float
    angle: tuple[float, float]
    width: float
    loss: float
    side: int
    waves: tuple[tuple[float, float, float], ...]

    def faded(self, factor: float) -> Fracture:
        """The same fracture with its loss, displacement and angulation scaled down."""
        return replace(
            self,
            shift=(self.shift[0] * factor, self.shift[1] * factor),
            angle=(self.angle[0] * factor, self.angle[1] * factor),
            along=self.along * factor,
            loss=self.loss * factor,
        )

    def seen(self, bone: Bone, azimuth: float) -> Break:
        """What a view from this direction shows (0 frontal, π/2 lateral)."""
        return _VIEWS[self.kind](self, bone, azimuth)


PAIRED = 0.35
"""Share of the injuries of paired bones that break both."""


def sample_fractures(
    rng: np.random.Generator,
    limb: Limb,
    age: int,
    site_range: tuple[float, float],
    paired: float = PAIRED,
) -> tuple[Fracture, ...]:
    """The fractures of one injury: one bone, or both of a pair.

    Args:
        rng: the patient's stream.
        limb: where.
        age: children get greenstick fractures, adults comminuted ones.
        site_range: axial range in millimeters that every view of the patient shows.
        paired: probability that both bones of a pair break, where the fracture is complete.
    """
    odds = _CHILD if age < 16 else _ADULT
    kind: Kind = list(odds)[int(rng.choice(len(odds), p=list(odds.values())))]  # type: ignore[assignment]
    first = int(rng.integers(limb.breakable))
    found = [_sample(rng, limb, first, kind, site_range)]
    if limb.breakable == 2 and kind not in ("hairline",) and rng.random() < paired:
        found.append(_sample(rng, limb, 1 - first, kind, site_range))
    return tuple(found)


def _sample(
    rng: np.random.Generator, limb: Limb, index: int, kind: Kind, site_range: tuple[float, float]
) -> Fracture:
    bone = limb.bones[index]
    low = max(site_range[0] - bone.start, bone.length * 0.08 + bone.cap[0])
    high = min(site_range[1] - bone.start, bone.length * 0.92 - bone.cap[1])
    steep = {"transverse": 0.15, "oblique": 1.4, "spiral": 2.4, "comminuted": 1.2}.get(kind, 0.5)
    loose = _displacement(rng, kind)
    direction = float(rng.uniform(0, 2 * np.pi))
    bent = loose * float(rng.normal(0, 0.07)) + (0.16 if kind == "greenstick" else 0.0)
    return Fracture(
        kind=kind,
        bone=index,
        at=float(rng.uniform(low, max(high, low + 1))),
        slope=bone.radius * steep * float(rng.uniform(0.6, 1.4)) * float(rng.choice([-1, 1])),
        azimuth=float(rng.normal(0.7, 0.6)),
        shift=_vector(loose * bone.radius * float(rng.uniform(0.1, 0.55)), direction),
        along=loose * bone.radius * float(rng.uniform(-0.2, 0.2)),
        angle=_vector(bent, direction),
        width=_gap_width(rng, kind, limb.pixel),
        loss=float(rng.uniform(0.3, 0.5) if kind == "hairline" else rng.uniform(0.65, 0.95)),
        side=int(rng.choice([-1, 1])),
        waves=jagged(rng, bone.radius * (0.03 if kind == "spiral" else 0.11)),
    )


def _displacement(rng: np.random.Generator, kind: Kind) -> float:
    """0 for a fracture that stays in place, up to 1 for a widely displaced one."""
    if kind in ("hairline", "greenstick"):
        return 0.0
    return float(
        rng.choice([0.0, rng.uniform(0.2, 0.6), rng.uniform(0.6, 1.0)], p=[0.4, 0.35, 0.25])
    )


def _gap_width(rng: np.random.Generator, kind: Kind, pixel: float) -> float:
    """Half widths from half a pixel (hairline) to two, as on a film of this limb."""
    low, high = (0.45, 0.65) if kind == "hairline" else (0.7, 1.5)
    return pixel * float(rng.uniform(low, high))


def _vector(length: float, direction: float) -> tuple[float, float]:
    return length * float(np.cos(direction)), length * float(np.sin(direction))


def _projected(vector: tuple[float, float], azimuth: float) -> float:
    return vector[0] * float(np.cos(azimuth)) + vector[1] * float(np.sin(azimuth))


def _across(width: float, slope: float, bone: Bone) -> float:
    """Width along the bone of a line that is ``width`` wide across its own direction."""
    return width * float(np.hypot(1.0, slope / bone.radius))


def _distal(fracture: Fracture, azimuth: float) -> BonePiece:
    return BonePiece(
        _projected(fracture.shift, azimuth),
        fracture.along,
        _projected(fracture.angle, azimuth),
        fracture.at,
    )


def _complete(fracture: Fracture, bone: Bone, azimuth: float) -> Break:
    """Transverse and oblique: near and far cortex break at different heights along the beam."""
    turn = azimuth - fracture.azimuth
    slope = fracture.slope * float(np.cos(turn))
    apart = 0.35 * fracture.slope * float(np.sin(turn))
    width = _across(fracture.width, slope, bone)
    base = Line(fracture.at, slope, waves=fracture.waves, width=width)
    merged = float(np.exp(-((apart / (2 * fracture.width)) ** 2)))
    loss = fracture.loss * (0.66 + 0.1 * merged)
    near = replace(base, at=fracture.at - apart, loss=loss, cuts=True)
    far = replace(base, at=fracture.at + apart, loss=loss)
    return Break((near, far), (BonePiece(), _distal(fracture, azimuth)))


def _spiral(fracture: Fracture, bone: Bone, azimuth: float) -> Break:
    turn = azimuth - fracture.azimuth
    twist = fracture.slope * (1.0 if np.cos(turn) >= 0 else -1.0)
    front = Line(
        fracture.at, 0.5 * twist, 0.5 * twist, fracture.waves,
        width=_across(fracture.width, 0.85 * twist, bone), loss=0.8 * fracture.loss, cuts=True,
    )  # fmt: skip
    back = Line(
        fracture.at + 0.15 * twist, -0.3 * twist, -0.4 * twist, fracture.waves,
        reach=(-0.9, 0.55), width=_across(fracture.width, 0.55 * twist, bone),
        loss=0.4 * fracture.loss,
    )  # fmt: skip
    return Break((front, back), (BonePiece(), _distal(fracture, azimuth)))


def _comminuted(fracture: Fracture, bone: Bone, azimuth: float) -> Break:
    """A butterfly fragment: two cuts that part from one edge."""
    half = 0.55 * abs(fracture.slope) + 0.5 * bone.radius
    side = fracture.side
    uneven = 0.5 + 0.3 * float(np.sin(7 * fracture.azimuth))
    width = _across(fracture.width, half / 2, bone)
    waves = tuple((1.6 * size, cycles, phase) for size, cycles, phase in fracture.waves)
    base = Line(fracture.at, waves=waves, width=width, loss=0.75 * fracture.loss)
    upper = replace(base, at=fracture.at - half * uneven, slope=side * half * uneven, cuts=True)
    rest = 1 - uneven
    lower = replace(
        base, at=fracture.at + half * rest, slope=-side * half * rest, waves=waves[::-1], cuts=True
    )
    chip = replace(base, slope=side * 0.3 * half, reach=(-0.7, 0.8), loss=0.45 * fracture.loss)
    distal = _distal(fracture, azimuth)
    aside = -side * bone.radius * 0.22 * (0.4 + abs(float(np.cos(azimuth - fracture.azimuth))))
    wedge = BonePiece(aside * fracture.loss, 0.4 * fracture.along, 0.5 * distal.angle, fracture.at)
    return Break((upper, lower, chip), (BonePiece(), wedge, distal))


def _hairline(fracture: Fracture, bone: Bone, azimuth: float) -> Break:
    turn = azimuth - fracture.azimuth
    edge = (-1.2, 0.55) if fracture.side < 0 else (-0.55, 1.2)
    slope = fracture.slope * float(np.cos(turn))
    line = Line(
        fracture.at, slope, waves=fracture.waves, reach=edge,
        width=_across(fracture.width, slope, bone),
        loss=fracture.loss * (0.75 + 0.25 * abs(float(np.cos(turn)))),
    )  # fmt: skip
    return Break((line,))


def _greenstick(fracture: Fracture, bone: Bone, azimuth: float) -> Break:
    """One cortex broken, the other bent."""
    edge = (-1.2, 0.25) if fracture.side < 0 else (-0.25, 1.2)
    line = Line(
        fracture.at, 0.3 * fracture.slope, waves=fracture.waves, reach=edge,
        width=1.2 * fracture.width, loss=fracture.loss,
    )  # fmt: skip
    dense = replace(line, reach=(-edge[1], -edge[0]), width=0.12 * bone.radius, loss=-0.18)
    bend = fracture.side * abs(_projected(fracture.angle, azimuth))
    return Break((line, dense), bend=-bend, at=fracture.at)


_VIEWS = {
    "transverse": _complete,
    "oblique": _complete,
    "spiral": _spiral,
    "comminuted": _comminuted,
    "hairline": _hairline,
    "greenstick": _greenstick,
}
