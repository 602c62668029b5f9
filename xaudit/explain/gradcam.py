"""Grad-CAM, computed by grad-cam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import torch
from torch.nn.functional import interpolate

from xaudit.core.attribution import AttributionMap, Parameter
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.errors import ExplainerError
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library
from xaudit.explain.port import EXPLAINERS


@EXPLAINERS.register("gradcam")
@dataclass(frozen=True, slots=True)
class GradCam:
    """Grad-CAM: features of the last layers, weighted by how the logit depends on them.

    The raw weighted sum is kept: signed (without the ReLU of the paper, which scoring applies),
    without the library's scaling of each map to [0, 1], and brought to the input grid bilinearly.

    References:
        Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2.
    """

    name: str = field(default="gradcam", init=False)
    question: str = field(
        default="Which places of the last feature map raise the logit?", init=False
    )
    needs: frozenset[Capability] = field(default=frozenset({"gradients", "features"}), init=False)

    @property
    def library(self) -> str:
        """Package and version."""
        return f"grad-cam {version('grad-cam')}"

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter."""
        return {"upsampling": "bilinear"}

    def cost(self) -> tuple[int, int]:
        """One pass forward, one backward."""
        return 1, 1

    def explain(self, evaluator: Evaluator, case: PreparedCase, seed: int) -> AttributionMap:
        """Explain one case; see `Explainer`."""
        del seed
        layer = evaluator.target_layer
        if layer is None:
            raise ExplainerError("Grad-CAM needs a layer that returns a picture; none was found")
        with evaluator.counted() as cost:
            values = raw_gradcam(evaluator.module, layer, case.image)
        return AttributionMap(
            case_id=case.case.case_id,
            method=self.name,
            values=values,
            params=self.params,
            forward=cost.forward,
            backward=cost.backward,
        )


def raw_gradcam(module: torch.nn.Module, layer: torch.nn.Module, image: FloatArray) -> FloatArray:
    """The signed Grad-CAM of one image on the input grid; (C, H, W) → (H, W)."""
    cam = library("pytorch_grad_cam").GradCAM(module, [layer])
    pixels = torch.from_numpy(image[None].copy()).requires_grad_(True)
    try:
        cam(pixels, targets=[_whole_output])
        (activations,) = cam.activations_and_grads.activations
        (gradients,) = cam.activations_and_grads.gradients
        # The library's own weighting and sum, before its ReLU and its scaling to [0, 1].
        raw = cam.get_cam_image(
            pixels, layer, [_whole_output], activations.numpy(), gradients.numpy()
        )
    finally:
        cam.activations_and_grads.release()
    grid = torch.from_numpy(np.asarray(raw, dtype=np.float32))[None]
    upsampled = interpolate(grid, size=image.shape[1:], mode="bilinear", align_corners=False)
    return upsampled[0, 0].numpy()


def _whole_output(output: torch.Tensor) -> torch.Tensor:
    return output
