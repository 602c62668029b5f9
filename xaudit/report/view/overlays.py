"""Pictures of the card: a gray radiograph, and maps as transparent layers above it."""

from __future__ import annotations

import io
from functools import cache

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]

MAP_SIDE = 384
"""The longer side of a map on the card, in pixels, at most."""


def picture_png(image: npt.ArrayLike) -> bytes:
    """A gray PNG of an image in [0, 1]; (H, W), (1, H, W) or (3, H, W)."""
    values = np.asarray(image, dtype=np.float64)
    gray = values.mean(axis=0) if values.ndim == 3 else values
    return _png(_bytes(np.nan_to_num(gray)))


def overlay_png(values: npt.ArrayLike, signed: bool = False) -> bytes:
    """An RGBA PNG of a map, for display only; never scored.

    The positive part is rendered in cividis, opaque in proportion to its size; the 99.5th
    percentile is full. A map of NaN or without positive part is fully transparent.

    Args:
        values: (H, W), raw and signed.
        signed: also draw what speaks against a fracture, blue beside red.
    """
    return _png(overlay_rgba(values, signed))


def overlay_rgba(values: npt.ArrayLike, signed: bool = False) -> Bytes:
    """The layer of :func:`overlay_png`; (H, W, 4) uint8."""
    raw = np.asarray(values, dtype=np.float64)
    known = np.where(np.isfinite(raw), raw, 0.0)
    size = np.abs(known) if signed else np.maximum(known, 0.0)
    peak = float(np.percentile(size, 99.5)) or float(size.max())
    share = np.clip(size / peak, 0, 1) if peak > 0 else size
    position = 0.5 + 0.5 * np.sign(known) * share if signed else share
    table = _table("RdBu_r" if signed else "cividis")
    colors = table[_bytes(position)]
    return np.dstack([colors, _bytes(share)])


def for_card(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """A map as the card shows it: at most 384 pixels long, each the mean of what it covers.

    Seventeen cases with five pictures each then stay under 8 MB, however large the input is.

    Args:
        values: (H, W), raw and signed; what is not finite counts as 0.
    """
    raw = np.asarray(values, dtype=np.float64)
    height, width = raw.shape
    longest = max(height, width)
    if longest <= MAP_SIDE:
        return raw
    size = [max(1, round(side * MAP_SIDE / longest)) for side in (width, height)]
    known = Image.fromarray(np.where(np.isfinite(raw), raw, 0.0).astype(np.float32))
    return np.asarray(known.resize((size[0], size[1]), Image.Resampling.BOX), dtype=np.float64)


@cache
def _table(name: str) -> Bytes:
    return _bytes(mpl.colormaps[name](np.linspace(0, 1, 256))[:, :3])


def _bytes(values: npt.NDArray[np.floating]) -> Bytes:
    pixels: Bytes = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return pixels


def _png(pixels: Bytes) -> bytes:
    buffer = io.BytesIO()
    _smallest(pixels).save(buffer, format="PNG", optimize=False, compress_level=9)
    return buffer.getvalue()


def _smallest(pixels: Bytes) -> Image.Image:
    """The same picture, with a palette where its colors fit one: a layer is then half as large."""
    if pixels.ndim == 2:
        return Image.fromarray(pixels)
    # One number a pixel: sorting those is many times faster than sorting rows of four.
    packed = np.ascontiguousarray(pixels).view(">u4")[..., 0]
    colors, places = np.unique(packed, return_inverse=True)
    if len(colors) > 256:
        return Image.fromarray(pixels)
    image = Image.frombytes("P", packed.shape[::-1], places.astype(np.uint8).tobytes())
    image.putpalette(colors.tobytes(), rawmode="RGBA")
    return image
