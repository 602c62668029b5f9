"""Limbs: which bones lie where, how thick the soft tissue is, and what the film shows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from xaudit.phantom.bones import Bone
from xaudit.phantom.lines import Line, jagged


@dataclass(frozen=True, slots=True)
class Blob:
    """A short bone (carpal, talus): an ellipsoid with a thin cortex.

    Attributes:
        center: (lateral, axial) in millimeters.
        radii: (lateral, axial, along the beam) in millimeters.
        turn: rotation in radians.
        lobes: phases of the irregularities of its outline.
    """

    center: tuple[float, float]
    radii: tuple[float, float, float]
    turn: float = 0.0
    lobes: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Limb:
    """One limb of one patient.

    Attributes:
        part: "forearm", "lower leg", "upper arm" or "finger".
        bones: every long bone; the first ``breakable`` of them can be fractured.
        breakable: see ``bones``.
        marks: for each bone, its normal markings (growth plate, nutrient canal).
        blobs: short bones.
        outline: (axial, half width) of the skin in millimeters, as knots.
        field: (height, width) of the film in millimeters.
        middle: axial position that the film is centered on.
        pixel: millimeters per pixel.
    """

    part: str
    bones: tuple[Bone, ...]
    breakable: int
    marks: tuple[tuple[Line, ...], ...]
    blobs: tuple[Blob, ...]
    outline: tuple[tuple[float, float], ...]
    field: tuple[float, float]
    middle: float
    pixel: float


Builder = Callable[[np.random.Generator, float], Limb]


def _forearm(rng: np.random.Generator, girth: float) -> Limb:
    thin = float(rng.uniform(0.9, 1.1))
    radius = Bone(
        "radius", -40, 205, (-9.5, 2.0), 6.0 * thin, (-0.035, 0.0), (-3.5, 2.0),
        (1.45, 2.25), (14, 21), (3, 5), (4, -1.5), float(rng.uniform(0.36, 0.46)),
    )  # fmt: skip
    ulna = Bone(
        "ulna", -68, 230, (12.0, -3.0), 5.4 * thin, (0.03, 0.02), (1.0, -2.0),
        (2.2, 1.35), (26, 12), (8, 5), (-5, 0), float(rng.uniform(0.38, 0.48)),
    )  # fmt: skip
    humerus = Bone(
        "humerus", -240, 190, (2, 0), 11.0, (0, 0), (0, 0), (1.5, 2.7), (20, 24), (8, 10),
    )  # fmt: skip
    carpals = tuple(
        Blob((x + float(rng.normal(0, 0.5)), y), (r, 6.6, 7.5), float(rng.uniform(-0.3, 0.3)),
             _phases(rng))
        for x, y, r in (
            (-17, 176, 8.4), (-3, 173, 7.0), (8, 175, 5.6),
            (-20, 188, 5.8), (-10, 188.5, 6.4), (2, 187, 6.8), (12, 186, 6.2),
        )
    )  # fmt: skip
    fingers = tuple(
        Bone(f"metacarpal {k + 1}", 194 + abs(k - 1.3), 62, (x, 0), 3.7, (s, 0), (0, 0),
             (1.7, 1.6), (9, 10), (3, 5))
        for k, (x, s) in enumerate(((-29, -0.28), (-13, -0.1), (-1, 0.02), (11, 0.12)))
    )  # fmt: skip
    outline = (
        (-140, 46),
        (-70, 50),
        (-20, 44),
        (60, 35),
        (130, 27),
        (160, 28),
        (185, 34),
        (260, 42),
    )
    low = bool(rng.random() < 0.55)
    return Limb(
        "forearm", (radius, ulna, humerus, *fingers), 2, (), carpals, _scaled(outline, girth),
        (150, 112), 118.0 if low else 62.0, 0.5,
    )  # fmt: skip


def _lower_leg(rng: np.random.Generator, girth: float) -> Limb:
    thin = float(rng.uniform(0.92, 1.1))
    tibia = Bone(
        "tibia", 0, 340, (-4, -2), 12.0 * thin, (0.01, 0.0), (1.5, 3.0), (2.6, 1.75), (36, 26),
        (7, 4), (0, -2), float(rng.uniform(0.36, 0.46)),
    )  # fmt: skip
    fibula = Bone(
        "fibula", 14, 348, (24, 14), 5.2 * thin, (-0.015, -0.02), (2.0, -2.0), (1.7, 1.9),
        (14, 22), (6, 10), (2, -1), float(rng.uniform(0.42, 0.52)),
    )  # fmt: skip
    femur = Bone(
        "femur", -230, 226, (-2, 0), 14, (0, 0), (0, 0), (1.4, 2.9), (20, 34), (5, 14),
    )  # fmt: skip
    talus = (
        Blob((-3, 355), (19, 13, 16), 0.0, (1.5, 0.3, 1.0)),
        Blob((-4, 381), (21, 14, 18), 0.1, _phases(rng)),
    )
    outline = ((-60, 66), (0, 60), (90, 62), (200, 48), (290, 36), (340, 38), (400, 42))
    low = bool(rng.random() < 0.6)
    return Limb(
        "lower leg", (tibia, fibula, femur), 2, (), talus, _scaled(outline, girth),
        (225, 150), 272.0 if low else 130.0, 0.74,
    )  # fmt: skip


def _upper_arm(rng: np.random.Generator, girth: float) -> Limb:
    thin = float(rng.uniform(0.9, 1.1))
    humerus = Bone(
        "humerus", 0, 300, (0, 0), 11.0 * thin, (0.0, 0.0), (2.0, 3.0), (2.25, 2.4), (34, 26),
        (20, 8), (-7, 1), float(rng.uniform(0.36, 0.46)),
    )  # fmt: skip
    radius = Bone("radius", 304, 200, (13, 4), 6.5, (0.1, 0), (0, 0), (1.7, 1.7), (12, 16))
    ulna = Bone("ulna", 290, 210, (-8, -3), 6.5, (-0.08, 0), (0, 0), (2.1, 1.6), (28, 16))
    outline = ((-40, 66), (20, 62), (100, 52), (200, 46), (290, 48), (350, 44))
    low = bool(rng.random() < 0.5)
    return Limb(
        "upper arm", (humerus, radius, ulna), 1, (), (), _scaled(outline, girth),
        (205, 140), 225.0 if low else 92.0, 0.67,
    )  # fmt: skip


def _finger(rng: np.random.Generator, girth: float) -> Limb:
    thin = float(rng.uniform(0.9, 1.1))
    x = float(rng.normal(0, 1.0))
    knuckle = Bone("metacarpal", -66, 62, (x, 0), 4.4 * thin, (0, 0), (0, 0), (1.7, 1.75), (9, 11),
                   (3, 6))  # fmt: skip
    proximal = Bone("proximal phalanx", -2, 44, (x, 0), 4.4 * thin, (0, 0), (0, -1.2),
                    (1.7, 1.35), (9, 8), (2.5, 3),
                    cortex=float(rng.uniform(0.36, 0.46)))  # fmt: skip
    middle = Bone("middle phalanx", 43.6, 27, (x, 0.5), 3.7 * thin, (0, 0), (0, -0.8),
                  (1.75, 1.4), (7, 6), (2, 2.5), cortex=float(rng.uniform(0.36, 0.46)))  # fmt: skip
    tip = Bone("distal phalanx", 72, 19, (x, 1), 2.5 * thin, (0, 0), (0, 0), (2.3, 1.5), (5, 3.5),
               (2, 2), cortex=0.4)  # fmt: skip
    outline = ((-60, 15), (-15, 13), (0, 11), (22, 9.6), (43, 9.8), (60, 8.4), (80, 8.0), (92, 5.5),
               (95.5, 0.5), (140, 0.01))  # fmt: skip
    return Limb(
        "finger", (proximal, middle, tip, knuckle), 3, (), (), _scaled(outline, girth),
        (112, 62), 42.0, 0.37,
    )  # fmt: skip


PARTS: dict[str, Builder] = {
    "forearm": _forearm,
    "lower leg": _lower_leg,
    "upper arm": _upper_arm,
    "finger": _finger,
}


def grow_limb(rng: np.random.Generator, part: str, age: int, sex: str) -> Limb:
    """A limb of this part for a patient of this age and sex, with its normal markings.

    Children get a growth plate at the end of a bone, one adult in three a nutrient canal.
    """
    limb = PARTS[part](rng, float(rng.uniform(0.88, 1.15)))
    slender = 0.94 if sex == "F" else 1.0
    porous = 1.0 - max(0, age - 50) / 110
    bones = tuple(
        replace(bone, radius=bone.radius * slender, cortex=bone.cortex * porous)
        for bone in limb.bones
    )
    marks = tuple(_markings(rng, bone, age) for bone in bones)
    return replace(limb, bones=bones, marks=marks)


def _markings(rng: np.random.Generator, bone: Bone, age: int) -> tuple[Line, ...]:
    marks: list[Line] = []
    if age < 16:
        marks += _growth_plate(rng, bone, open_width=(16 - age) / 16)
    if rng.random() < 0.3:
        marks.append(_canal(rng, bone))
    return tuple(marks)


def _growth_plate(rng: np.random.Generator, bone: Bone, open_width: float) -> list[Line]:
    reach = bone.flare_length[1]
    at = bone.length - reach * float(rng.uniform(0.42, 0.6))
    waves = jagged(rng, 0.05 * bone.radius)
    width = 0.045 * bone.radius * (0.8 + 1.6 * open_width)
    gap = Line(at, waves=waves, width=width, loss=float(rng.uniform(0.5, 0.75)))
    rim = replace(gap, at=at - 2.8 * width, width=0.8 * width, loss=-0.16)
    return [gap, rim]


def _canal(rng: np.random.Generator, bone: Bone) -> Line:
    """A vessel's canal: slanting through one cortex, mostly along the bone."""
    inner = float(rng.uniform(0.3, 0.55))
    reach = (inner, 0.98) if rng.random() < 0.5 else (-0.98, -inner)
    return Line(
        at=bone.length * float(rng.uniform(0.35, 0.6)),
        slope=bone.radius * float(rng.choice([-1.0, 1.0]) * rng.uniform(2.2, 3.2)),
        reach=reach,
        width=0.05 * bone.radius,
        loss=float(rng.uniform(0.16, 0.3)),
    )


def _phases(rng: np.random.Generator) -> tuple[float, float, float]:
    first, second, third = rng.uniform(0, 2 * np.pi, 3)
    return float(first), float(second), float(third)


def _scaled(
    knots: tuple[tuple[float, float], ...], factor: float
) -> tuple[tuple[float, float], ...]:
    return tuple((at, half * factor) for at, half in knots)
