"""Values of a mask: their meaning by declaration, or by a rule that asks where it is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.errors import DataError

Labels = npt.NDArray[Any]
"""Values of a mask file: gray levels, palette indices, or packed colors (see `pack_color`)."""

_COLOR = 1 << 24
_BAND = 256
"""Rows that are packed or counted at a time."""
_MOST_VALUES = 64
_ESTIMATE = 12
"""Levels by which the estimate of a smeared one may be off."""
_MOST_CLASSES = 12
"""Values: more of them are shades."""
_CLASSES = 2
"""Values between black and white: anti-aliasing leaves more."""
_DOMINANT, _TIMES, _FEW = 0.75, 4, 20
"""Share of the pixels between, times the next, and how many, that edges do not give one value."""
_OF_RECTANGLE = 8
_UNIFORM = 0.1
"""Of the pixels between black and white: so many lie among equals at most, where edges are soft."""


class UndeclaredValuesError(DataError):
    """The values of a mask could mean several things; the study has to say which."""


@dataclass(frozen=True, slots=True)
class MaskValues:
    """What the values of mask files mean; a value that is not named here is an error.

    Attributes:
        lesion: values of lesions; with ``mask_lesions: values`` each is a lesion of its own.
        ignore: values of pixels that are not scored, neither lesion nor background.
        background: values of everything else.
    """

    lesion: tuple[int | str, ...]
    ignore: tuple[int | str, ...] = ()
    background: tuple[int | str, ...] = (0,)

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not self.lesion:
            raise ValueError("lesion names at least one value")
        named = [_code(one) for one in (*self.lesion, *self.ignore, *self.background)]
        if len(set(named)) < len(named):
            raise ValueError(f"each value means one thing, got {self}")

    def codes(self, what: str) -> tuple[int, ...]:
        """The values of "lesion", "ignore" or "background" as they stand in labels."""
        return tuple(_code(one) for one in getattr(self, what))


@dataclass(frozen=True, slots=True, eq=False)
class MaskContent:
    """What a mask shows.

    Attributes:
        labels: (H, W), 0 where there is no lesion, else the value of the lesion.
        ignored: (H, W) bool, or None where nothing is ignored.
        soft: where soft edges were cut: pixels above half, and pixels above 0.
        smeared: whether a lossy format smeared the values: cut at half of the level.
        level: the one value that is taken for the lesion without a declaration, and its pixels;
            None in a file of one bit, where nothing else can be meant.
    """

    labels: Labels
    ignored: BoolArray | None = None
    soft: tuple[int, int] | None = None
    smeared: bool = False
    level: tuple[float, int] | None = None


def pack_color(rgb: Labels) -> Labels:
    """(H, W, 3) of 8 bits → (H, W): gray where the channels agree, a code of its own elsewhere."""
    out = np.empty(rgb.shape[:2], dtype=np.int32)
    for top in range(0, len(rgb), _BAND):
        red, green, blue = np.moveaxis(rgb[top : top + _BAND].astype(np.int32), 2, 0)
        gray = (red == green) & (green == blue)
        out[top : top + _BAND] = np.where(gray, red, _COLOR | red << 16 | green << 8 | blue)
    return out


def value_name(value: float) -> str:
    """How a value is written in `MaskValues`: a number, or "#ff0000" for a color."""
    return f'"#{int(value) - _COLOR:06x}"' if value >= _COLOR else f"{value:g}"


def declared_content(labels: Labels, declared: MaskValues) -> MaskContent:
    """What a mask shows where its values are declared.

    Raises:
        UndeclaredValuesError: it holds a value that is not declared; names value and area.
    """
    codes = {name: declared.codes(name) for name in ("lesion", "ignore", "background")}
    known = {code for one in codes.values() for code in one}
    strange = {value: area for value, area in areas(labels).items() if value not in known}
    if strange:
        raise UndeclaredValuesError(
            f"data.mask_values does not say what {_listed(strange)} means; the values of lesion, "
            "ignore and background are all that a mask may hold"
        )
    lesion = np.isin(labels, codes["lesion"])
    kept = np.where(lesion, labels, 0)
    if 0 in codes["lesion"]:
        # In what is kept, 0 says that there is no lesion.
        kept = np.where(labels == 0, np.int32(_COLOR), kept)
    ignored = np.isin(labels, codes["ignore"]) if codes["ignore"] else None
    return MaskContent(kept, ignored)


def undeclared_content(labels: Labels, *, several: bool) -> MaskContent:
    """What a mask shows where nothing is declared: 0 is background, one other value the lesion.

    Soft edges (values in between, hardly any of them among equals) are cut at half of the range.

    Args:
        labels: (H, W).
        several: whether each value is a lesion of its own.

    Raises:
        UndeclaredValuesError: several values could be several things.
    """
    found = {value: area for value, area in areas(labels).items() if value != 0}
    if len(found) <= 1:
        asked = [] if labels.dtype.kind == "b" else list(found.items())
        return MaskContent(labels, level=asked[0] if asked else None)
    shades = _one_hue(labels)
    if _is_soft(shades):
        brightest = float(labels.flat[np.argmax(shades)])
        return _cut(shades, found, brightest, several=several)
    if several and not _has_void(found) and len(found) <= _MOST_VALUES:
        return MaskContent(labels)
    raise UndeclaredValuesError(_question(found, several=several))


def different_levels(
    levels: Iterable[tuple[float, int]], estimates: Iterable[tuple[float, int]] = ()
) -> Iterator[str]:
    """What is asked where the files of a study hold different values, one in each.

    Args:
        levels: of each file, the value that would be the lesion, and its pixels.
        estimates: the same of files whose values are smeared; near ones are one.
    """
    seen: dict[float, list[int]] = {}
    for value, area in levels:
        seen.setdefault(value, []).append(area)
    for value, area in estimates:
        near = (one for one in seen if abs(one - value) <= _ESTIMATE)
        seen.setdefault(next(near, value), []).append(area)
    if len(seen) > 1:
        said = ", ".join(
            f"value {value_name(value)} in {len(found)} files ({sum(found):,} px)"
            for value, found in sorted(seen.items())
        )
        named = ", ".join(value_name(value) for value in sorted(seen))
        yield (
            f"masks hold one value each and not the same: {said}; where every one of them is "
            f"lesion, declare data.mask_values: {{lesion: [{named}]}}, and otherwise name what is "
            "void under ignore, and the rest under background"
        )


def areas(labels: Labels) -> dict[float, int]:
    """Value → pixels, ascending."""
    if labels.dtype.kind in "bu" and labels.dtype.itemsize <= 2:
        size = int(labels.max()) + 1
        parts = (labels[top : top + _BAND].ravel() for top in range(0, len(labels), _BAND))
        counts = np.sum([np.bincount(part, minlength=size) for part in parts], axis=0)
        return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def refuse_several() -> UndeclaredValuesError:
    """What is said where each value should be a lesion and edges are none of them."""
    return UndeclaredValuesError(
        "soft or smeared edges cannot be told from several lesions; store one lesion a file, or "
        "one sharp value for each"
    )


def _cut(
    labels: Labels, found: Mapping[float, int], brightest: float, *, several: bool
) -> MaskContent:
    if several:
        raise refuse_several()
    above = np.asarray(labels > _top(labels) / 2)
    area = int(above.sum())
    return MaskContent(above, soft=(area, sum(found.values())), level=(brightest, area))


def _is_soft(labels: Labels) -> bool:
    """Whether values between black and white form rims, as anti-aliasing leaves them."""
    if labels.dtype.kind == "b" or labels.max() >= _COLOR:
        return False
    top = _top(labels)
    rows, columns = (np.flatnonzero(labels.any(axis=axis)) for axis in (1, 0))
    part = labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    between = (part > 0) & (part < top)
    values = np.unique(part[between])
    # One or two values are classes, however thin, and so is one that outweighs all others.
    if part.max() <= top / 2 or len(values) <= _CLASSES or _outweighs(part[between]):
        return False
    part, between = np.pad(part, 1), np.pad(between, 1)
    equal = scipy.ndimage.maximum_filter(part, 3) == scipy.ndimage.minimum_filter(part, 3)
    return bool((equal & between).sum() <= _UNIFORM * between.sum())


def _outweighs(between: Labels) -> bool:
    """Whether one value is so frequent between black and white that no edge has left it."""
    counts = np.sort(np.unique(between, return_counts=True)[1])
    # A rectangle may have long and short sides, and so up to 8 values of very different numbers.
    alone = len(counts) > _OF_RECTANGLE and counts[-1] > _TIMES * counts[-2]
    return bool(counts[-1] >= _FEW and (alone or counts[-1] > _DOMINANT * between.size))


def _one_hue(labels: Labels) -> Labels:
    """Brightness, where all colors are shades of one: pure red, green, blue or two of them."""
    if labels.max() < _COLOR:
        return labels
    colors = np.unique(labels)
    brightest = brightness(colors)
    alike = all(
        not channel.any() or np.array_equal(channel, brightest) for channel in channels(colors)
    )
    return brightness(labels) if alike else labels


def channels(labels: Labels) -> Labels:
    """Red, green and blue of gray levels and packed colors; (3, H, W)."""
    return np.stack([np.where(labels < _COLOR, labels, labels >> by & 255) for by in (16, 8, 0)])


def brightness(labels: Labels) -> Labels:
    """The largest channel of colors; gray levels as they are."""
    if labels.max() < _COLOR:
        return labels
    brightest = (labels & 255).astype(np.uint8)
    for shift in (8, 16):
        # A gray level has nothing above its 8 bits.
        np.maximum(brightest, (labels >> shift & 255).astype(np.uint8), out=brightest)
    return brightest


def _has_void(found: Mapping[float, int]) -> bool:
    """Whether the largest value of the type stands far from all others, as 255 for "void"."""
    *others, last = sorted(found)
    return last in {255, 65535} and bool(others) and others[-1] <= last / 2


def _top(labels: Labels) -> float:
    if labels.dtype.kind == "f":
        return 1.0 if labels.max() <= 1 else 255.0
    return 255.0 if labels.max() <= 255 else 65535.0


def _question(found: Mapping[float, int], *, several: bool) -> str:
    """What the values are asked to be; none is proposed, since it would be taken over."""
    if len(found) > _MOST_CLASSES:
        frequent = dict(sorted(found.items(), key=lambda one: -one[1])[:3])
        return (
            f"{len(found)} values up to {value_name(max(found))}, most often {_listed(frequent)}: "
            "soft edges are cut at half only where they reach 255 (65535 of 16 bits) and no value "
            "between outweighs the others; store sharp masks, or scale a lesion to 255"
        )
    form = "{lesion: [...], ignore: [...], background: [0]}"
    other = "" if several else ", or mask_lesions: values where each is a lesion of its own"
    what = f"{_listed(found)} could be lesion, void or another thing"
    return f"{what}: declare data.mask_values, {form} with each value in one place{other}"


def _listed(found: Mapping[float, int]) -> str:
    shown = [f"value {value_name(value)} ({area:,} px)" for value, area in found.items()]
    more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
    return ", ".join(shown[:6]) + more


def _code(value: int | str) -> int:
    if isinstance(value, int):
        return value
    digits = value.removeprefix("#")
    if len(digits) != 6 or not value.startswith("#"):
        raise ValueError(f'a color is written "#rrggbb", got {value!r}')
    try:
        return int(pack_color(np.array([[list(bytes.fromhex(digits))]]))[0, 0])
    except ValueError as error:
        raise ValueError(f'a color is written "#rrggbb", got {value!r}') from error
