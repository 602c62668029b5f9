"""Head of a network: what its output is audited for."""

from __future__ import annotations

from xaudit.models.heads.box_score import BoxHead
from xaudit.models.heads.class_logit import ClassLogit
from xaudit.models.heads.mask_score import MaskHead
from xaudit.models.heads.output import OutputSpec

Head = ClassLogit | BoxHead | MaskHead


def head_of(output: OutputSpec, grid: tuple[int, int]) -> Head:
    """What scores, decisions and maps are about, as the output is declared.

    Args:
        output: of the network.
        grid: (H, W) of the input.
    """
    if output.kind == "boxes":
        return BoxHead(output, grid)
    return MaskHead(output, grid) if output.kind == "segmentation" else ClassLogit(output)
