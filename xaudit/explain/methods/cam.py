"""Class activation maps: the last feature map, weighted by how the logit depends on it."""

from __future__ import annotations

import io
from abc import abstractmethod
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch.nn.functional import interpolate

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.memo_keys import IMAGE
from xaudit.explain.engine.passes import Direct, Features, Pass
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.numerics.libraries import library
from xaudit.explain.port import Context, Explainer, Steps, explainer


@dataclass(frozen=True, slots=True)
class _Cam(Explainer):
    """A map on the grid of the target layer, brought to the input grid bilinearly.

    The raw weighted sum is kept: signed, without the ReLU of the papers, which scoring applies,
    and without the library's scaling of each map to [0, 1]. Where views of an examination lie one
    under another, feature maps are weighted in each view by itself: the network may read the views
    otherwise. grad-cam knows one image alone.

    Attributes:
        engine: "xaudit" shares the pass with other methods and cases; "library" is grad-cam.
    """

    engine: str = "xaudit"
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients", "features"})
    package: ClassVar[str | None] = "grad-cam"
    kind: ClassVar[str]
    by_view: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_engine(self.engine)

    def cost(self) -> tuple[int, int]:
        """One pass forward, one backward."""
        return 1, 1

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        if self.engine == "library":
            if case.grid.views > 1 and self.by_view:
                raise ExplainerError(
                    "engine library weights feature maps over all views together; say engine: "
                    "xaudit for a detector of several views"
                )
            raw = yield Direct(lambda evaluator: raw_cam(self.kind, evaluator, case.image))
        else:
            (answer,) = yield [Pass(Images(case.image[None]), features=True, key=IMAGE)]
            own = (answer.features.activations[0], answer.features.gradients[0])
            cells = Grid(own[0].shape[1:], views=case.grid.views if self.by_view else 1)
            raw = cells.by_view(lambda *planes: self.weigh(Features(*planes)), *own)
        return self.map_of(case, upsampled(raw, case.inside.shape, case.grid.views))

    @staticmethod
    @abstractmethod
    def weigh(features: Features) -> FloatArray:
        """The map on the feature grid; (K, h, w) twice → (h, w)."""


@explainer("gradcam")
@dataclass(frozen=True, slots=True)
class GradCam(_Cam):
    """Grad-CAM: each feature map counts by the mean of its gradient.

    References:
        Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2.
    """

    question: ClassVar[str] = Message("Which places of the last feature map raise the logit?")
    kind: ClassVar[str] = "GradCAM"

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Equations 1 and 2 without the ReLU."""
        return _sum(features.gradients.mean(axis=(1, 2)), features.activations)


@explainer("gradcam_plus_plus")
@dataclass(frozen=True, slots=True)
class GradCamPlusPlus(_Cam):
    """Grad-CAM++: gradients count more where few places of a feature map carry them.

    References:
        Chattopadhay et al., Grad-CAM++, WACV 2018, equation 19.
    """

    question: ClassVar[str] = Message(
        "Which places raise the logit, when small finds are not averaged out?"
    )
    kind: ClassVar[str] = "GradCAMPlusPlus"

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Equation 19 for the weights, as grad-cam computes it."""
        slopes = features.gradients
        total = features.activations.sum(axis=(1, 2), keepdims=True)
        share = slopes**2 / (2 * slopes**2 + total * slopes**3 + 1e-6)
        share = np.where(slopes != 0, share, 0)
        return _sum((np.maximum(slopes, 0) * share).sum(axis=(1, 2)), features.activations)


@explainer("xgradcam")
@dataclass(frozen=True, slots=True)
class XGradCam(_Cam):
    """XGrad-CAM: weights that come closest to the axioms of sensitivity and conservation.

    References:
        Fu et al., Axiom-based Grad-CAM, BMVC 2020.
    """

    question: ClassVar[str] = Message(
        "Which places carry the change of the logit when features vanish?"
    )
    kind: ClassVar[str] = "XGradCAM"

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Gradients, weighted by each place's share of its feature map."""
        total = features.activations.sum(axis=(1, 2), keepdims=True) + 1e-7
        weights = (features.gradients * features.activations / total).sum(axis=(1, 2))
        return _sum(weights, features.activations)


@explainer("hirescam")
@dataclass(frozen=True, slots=True)
class HiResCam(_Cam):
    """HiRes-CAM: feature times gradient, place by place, nothing averaged.

    References:
        Draelos and Carin, HiResCAM, arXiv:2011.08891.
    """

    question: ClassVar[str] = Message("Which places of the last feature map did the logit read?")
    kind: ClassVar[str] = "HiResCAM"

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Element-wise product, summed over the features."""
        return np.asarray((features.gradients * features.activations).sum(axis=0))


@explainer("layercam")
@dataclass(frozen=True, slots=True)
class LayerCam(_Cam):
    """LayerCAM: feature times the positive part of its gradient, place by place.

    References:
        Jiang et al., LayerCAM, IEEE TIP 2021.
    """

    question: ClassVar[str] = Message("Which places would raise the logit if they were stronger?")
    kind: ClassVar[str] = "LayerCAM"

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Element-wise product with the positive gradient, without the ReLU of the paper."""
        return np.asarray((np.maximum(features.gradients, 0) * features.activations).sum(axis=0))


@explainer("eigencam")
@dataclass(frozen=True, slots=True)
class EigenCam(_Cam):
    """Eigen-CAM: the first principal component of the features; it knows no class.

    The sign of a component is arbitrary; here strong features are positive.

    References:
        Muhammad and Yeasin, Eigen-CAM, IJCNN 2020.
    """

    question: ClassVar[str] = Message("Where are the features strong, whatever they speak for?")
    kind: ClassVar[str] = "EigenCAM"
    # Components of two views have no common scale and sign.
    by_view: ClassVar[bool] = False

    @staticmethod
    def weigh(features: Features) -> FloatArray:
        """Projection of the centered features on their first right singular vector."""
        table = features.activations.reshape(len(features.activations), -1).T.astype(np.float64)
        centered = table - table.mean(axis=0)
        _, _, components = np.linalg.svd(centered, full_matrices=False)
        projected = centered @ components[0]
        strength = centered.sum(axis=1) @ projected
        oriented = projected if strength >= 0 else -projected
        shape = features.activations.shape[1:]
        return np.asarray(oriented.reshape(shape), dtype=np.float32)


def upsampled(grid: FloatArray, shape: tuple[int, ...], views: int = 1) -> FloatArray:
    """Bring a map from a grid to an image, bilinearly (align_corners False); (h, w) → (H, W).

    Args:
        grid: the map.
        shape: of the image.
        views: that lie one under another on both; none shows through at the border of another.
    """
    planes = np.split(np.ascontiguousarray(grid, dtype=np.float32), views)
    large = interpolate(
        torch.from_numpy(np.stack(planes))[:, None],
        size=(shape[0] // views, shape[1]),
        mode="bilinear",
        align_corners=False,
    )
    upright: FloatArray = large.flatten(0, 2).numpy()
    return upright


def raw_cam(kind: str, evaluator: Evaluator, image: FloatArray) -> FloatArray:
    """The map of grad-cam on the feature grid, before its ReLU and its scaling to [0, 1].

    Args:
        kind: name of the class in grad-cam.
        evaluator: whose target layer is read.
        image: (C, H, W).
    """
    layer, tap = evaluator.require_layer(), torch.nn.Identity()
    cam = getattr(library("pytorch_grad_cam"), kind)(
        evaluator.module, [tap], reshape_transform=layer.feature_map
    )
    pixels = torch.from_numpy(image[None].copy()).to(evaluator.device).requires_grad_(True)
    record = cam.activations_and_grads
    # A copy goes on: grad-cam keeps the tensor itself, which what comes next may overwrite.
    with layer.passing(lambda output: tap(output).clone()), ExitStack() as stack:
        stack.callback(record.release)
        logits = record(pixels)
        if cam.uses_gradients:
            logits.sum().backward()
        table = record.activations[0].cpu().numpy()
        slopes = record.gradients[0].cpu().numpy() if record.gradients else np.zeros_like(table)
        # Score-CAM draws a progress bar of its own.
        with redirect_stderr(io.StringIO()):
            raw = cam.get_cam_image(pixels, tap, [_whole_output], table, slopes, eigen_smooth=False)
    return np.asarray(raw[0], dtype=np.float32)


def _whole_output(output: torch.Tensor) -> torch.Tensor:
    return output


def _sum(weights: FloatArray, activations: FloatArray) -> FloatArray:
    return np.asarray(np.tensordot(weights, activations, 1))
