"""Examples of a study in one picture: images with their outlines, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from xaudit.core.case import BoolArray, Case
from xaudit.core.grid import Grid
from xaudit.core.text.printable import in_a_cell
from xaudit.data.format import FORMATS
from xaudit.data.pixels.images import to_gray
from xaudit.data.spec import DataSpec
from xaudit.errors import XauditError

_COUNT, _HEIGHT, _WIDEST, _CAPTION = 5, 320, 420, 34
_LINE, _TEXT = (255, 140, 0), (235, 235, 235)


def write_examples(spec: DataSpec, path: Path) -> bool:
    """Draw five images of a study, side by side, with what is outlined in orange.

    Images with outlines come first; those that cannot be read are passed over.

    Args:
        spec: of the study; every class counts as positive, so that all outlines are drawn.
        path: of the PNG to write.

    Returns:
        Whether anything was drawn.
    """
    try:
        study = FORMATS[spec.format](replace(spec, root=spec.root.resolve()))
    except XauditError:
        # What is wrong is said by `check`, in the words of what a person declares.
        return False
    panels: list[Image.Image] = []
    # An export often lists more images than were handed over with it.
    for case in _chosen([case for case in study.cases if case.image.exists()]):
        try:
            panels.append(_panel(case))
        except XauditError:
            continue
        if len(panels) == _COUNT:
            break
    if not panels:
        return False
    width = sum(one.width for one in panels) + 4 * (len(panels) - 1)
    whole = Image.new("RGB", (width, _HEIGHT + _CAPTION))
    at = 0
    for one in panels:
        whole.paste(one, (at, 0))
        at += one.width + 4
    whole.save(path)
    return True


def _chosen(cases: Sequence[Case]) -> list[Case]:
    """Four with outlines, spread over the study, one without, and more in case of need."""
    drawn = [case for case in cases if case.lesions]
    others = [case for case in cases if not case.lesions]
    spread = [drawn[index] for index in _spread(len(drawn), _COUNT - bool(others))]
    first = [*spread, *others[:1]]
    taken = {case.case_id for case in first}
    return [*first, *(case for case in (*drawn, *others) if case.case_id not in taken)][:50]


def _spread(length: int, count: int) -> list[int]:
    return sorted({int(one) for one in np.linspace(0, length - 1, min(count, length))})


def _panel(case: Case) -> Image.Image:
    gray = to_gray(case.image.upright("minmax"))
    height, width = gray.shape
    scale = min(_HEIGHT / height, _WIDEST / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray((gray * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    pixels = np.array(small.convert("RGB"))
    problem = ""
    for lesion in case.lesions:
        try:
            pixels[_edge(lesion.rasterize(Grid((height, width))), size)] = _LINE
        except XauditError as error:
            problem = str(error)
    canvas = Image.new("RGB", (max(size[0], 120), _HEIGHT + _CAPTION))
    canvas.paste(Image.fromarray(pixels), (0, 0))
    pen = ImageDraw.Draw(canvas)
    turned = case.image.header().orientation
    told = [in_a_cell(case.case_id)[:40], f"outlines: {len(case.lesions)}"]
    told[1] += f", EXIF {turned}" if turned != 1 else ""
    told[1] += ", NOT DRAWN" if problem else ""
    for row, text in enumerate(told):
        ascii_only = text.encode("ascii", "replace").decode()
        pen.text((2, _HEIGHT + 2 + 15 * row), ascii_only, fill=_TEXT)
    return canvas


def _edge(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    """The rim of what is outlined, on the small picture; at least one pixel."""
    small = np.asarray(
        Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
    )
    inside = np.pad(small > min(127, int(small.max()) - 1), 1)
    inner = inside[1:-1, 1:-1]
    around = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return np.asarray(inner & ~around)
