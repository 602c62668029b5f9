"""The labels that a mask image stores: gray levels, indices of a palette, colors, transparency."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xaudit.data.pixels.intensity import stored_pixels, zero_is_white
from xaudit.data.pixels.mask_values import Labels, UndeclaredValuesError, pack_color


def labels_of(image: Image.Image) -> Labels:
    """One value for each pixel of a loaded mask; (H, W).

    Gray and 1-bit images give their levels. A palette of grays gives them too, since editors sort
    palettes as they like; a palette of colors whose first entry is black or transparent gives its
    indices, as segmentation sets store classes, and any other its colors. Colors are packed, gray
    among them as their level. Where there is transparency, what is transparent is background: the
    color counts elsewhere, or the opacity itself where there is one color only.

    Raises:
        UndeclaredValuesError: color and soft transparency both vary.
    """
    if image.mode == "1":
        return np.asarray(image)
    if image.mode == "P":
        return _of_palette(image)
    if image.mode in {"LA", "La", "RGBA", "RGBa", "PA"} or "transparency" in image.info:
        return _of_opacity(np.asarray(image.convert("RGBA")))
    stored = stored_pixels(image)
    if stored.ndim == 3:
        return _narrow(pack_color(stored))
    return np.asarray(np.uint16(65535) - stored) if zero_is_white(image) else stored


def _of_palette(image: Image.Image) -> Labels:
    indices = np.asarray(image)
    colors = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    used = np.unique(indices)
    shades = colors[used[used < len(colors)]]
    if (shades == shades[:, :1]).all():
        return _of_opacity(np.asarray(image.convert("RGBA")))
    first_is_nothing = not colors[0].any() or _transparent(image) == 0
    return indices if first_is_nothing else _of_opacity(np.asarray(image.convert("RGBA")))


def _transparent(image: Image.Image) -> int | None:
    """The index that is transparent, where there is one."""
    found = image.info.get("transparency")
    if isinstance(found, bytes):
        return found.index(0) if 0 in found else None
    return found if isinstance(found, int) else None


def _of_opacity(rgba: Labels) -> Labels:
    color, opacity = _narrow(pack_color(rgba[..., :3])), rgba[..., 3]
    if not opacity.any():
        # Whatever color hides below, nothing of it is shown: an empty export.
        return np.zeros_like(color)
    if opacity.min() == opacity.max():
        return color
    seen = color[opacity > 0]
    if seen.size and seen.min() == seen.max():
        return opacity
    if set(np.unique(opacity).tolist()) == {0, 255}:
        return np.where(opacity == 0, 0, color).astype(color.dtype)
    raise UndeclaredValuesError(
        "its colors and its soft transparency both vary: which of them is the lesion? store it as "
        "one gray or palette channel"
    )


def _narrow(labels: Labels) -> Labels:
    """8 bits where no color needs more."""
    return labels.astype(np.uint8) if labels.max(initial=0) <= 255 else labels
