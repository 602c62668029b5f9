"""A PyTorch network as a detector: pixels in [0, 1] in, one logit out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.boxes import Boxes
from xaudit.core.case import FloatArray
from xaudit.core.detector import Capability, Elsewhere, InputSpec, ModelFacts, Taken
from xaudit.core.target import Target
from xaudit.errors import DetectorError, XauditError
from xaudit.models.foreign import told
from xaudit.models.heads.box_score import BoxHead, BoxScore
from xaudit.models.heads.mask_score import MaskHead
from xaudit.models.target_layers.layers import TargetLayer

_DRAWS_NONE = "the detector draws no {}; one that does declares detector.output.kind: {}"


class TargetScore(torch.nn.Module):
    """Normalization, network and target in one module.

    Every method explains this module, so attributions live on pixels in [0, 1] whatever scaling
    the network wants. Parameters take no gradient; the mode is that of evaluation. A network of
    several views gets them as (N, V, C, H, W), in the order in which they lie one under another.

    Args:
        network: the network itself.
        spec: how pixels enter it.
        target: what is made of its output.
        memory_format: strides of weights and images; convolutions are fastest with channels last,
            values are the same.
        head: what the output means; left out where that is the target.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        spec: InputSpec,
        target: Target,
        memory_format: torch.memory_format = torch.channels_last,
        head: Target | None = None,
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=memory_format)  # type: ignore[call-overload]
        self._spec, self.target, self.head = spec, target, head or target
        self._views = spec.grid.views
        self._recurrent = any(isinstance(one, torch.nn.RNNBase) for one in network.modules())
        self.memory_format = memory_format
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.register_buffer("mean", torch.tensor(spec.mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(spec.std).reshape(1, -1, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) in [0, 1] → (N,); H holds all views."""
        scores: torch.Tensor = self.target.score(self._output(images), len(images))
        return scores

    def aimed(self, target: Target) -> TargetScore:
        """The same network, of which another number is made.

        Args:
            target: made of the same output.
        """
        return TargetScore(self.network, self._spec, target, self.memory_format, self.head)

    @property
    def reference(self) -> tuple[float, float, float, float] | None:
        """Corners of the box that is explained; None where that is the image or a region."""
        return self.target.reference if isinstance(self.target, BoxScore) else None

    def boxes(self, images: torch.Tensor) -> list[Boxes]:
        """What the network draws on N images, (N, C, H, W) in [0, 1]; see `BoxHead.boxes`.

        Raises:
            DetectorError: it draws no boxes, or the output is not what was declared.
        """
        if not isinstance(self.head, BoxHead):
            raise DetectorError(_DRAWS_NONE.format("boxes", "boxes"))
        return self.head.boxes(self._output(images), len(images))

    def masks(self, images: torch.Tensor) -> torch.Tensor:
        """What the network paints on N images: logits, (N, H, W); see `MaskHead.masks`.

        Raises:
            DetectorError: it paints no masks, or the output is not what was declared.
        """
        if not isinstance(self.head, MaskHead):
            raise DetectorError(_DRAWS_NONE.format("masks", "segmentation"))
        return self.head.masks(self._output(images), len(images))

    def _output(self, images: torch.Tensor) -> object:
        """What the network returns, whatever that is."""
        planes = images.expand(-1, self._spec.channels, -1, -1)
        planes = self.entering((planes - self.mean) / self.std)
        # Out of memory is a RuntimeError: fewer images at once may do.
        try:
            with self._differentiable(planes):
                return self.network(planes)
        except (RuntimeError, XauditError):
            raise
        except (Exception, SystemExit) as error:
            shape = " x ".join(map(str, images.shape))
            raise DetectorError(
                f"the network failed on an input of {shape}: {told(error)}"
            ) from error

    def entering(self, planes: torch.Tensor) -> torch.Tensor:
        """Images as the network takes them; (N, C, H, W), or (N, V, C, H / V, W) of V views."""
        if self._views == 1:
            return planes.contiguous(memory_format=self.memory_format)
        # Contiguous: networks join batch and views with `view`.
        images, channels, rows, columns = planes.shape
        apart = planes.reshape(images, channels, self._views, rows // self._views, columns)
        return apart.movedim(2, 1).contiguous()

    def _differentiable(self, planes: torch.Tensor) -> AbstractContextManager[None]:
        """Within, recurrent layers have gradients: cuDNN gives them none in evaluation mode."""
        if self._recurrent and planes.is_cuda and torch.is_grad_enabled():
            return torch.backends.cudnn.flags(enabled=False)
        return nullcontext()


@dataclass(frozen=True, slots=True, eq=False)
class TorchDetector:
    """A detector with gradients and feature maps; satisfies `xaudit.core.detector.Detector`.

    Attributes:
        name: how reports call it.
        input: what it expects to see.
        module: (N, C, H, W) in [0, 1] → (N,).
        target_layer: the layer that Grad-CAM reads; None if no layer returns a feature map.
        weights_sha256: of the file; None where there is none.
        parameter_count: of the network; None where it does not tell.
        taken: what of the file of weights the network received.
        elsewhere: the model, where it runs outside of this process.
        stated: what that said of itself when it was loaded.
        capabilities: what it offers besides scores.
        facts: of a model of another format.
        sandbox: the walls that it runs in; None where there are none.
    """

    name: str
    input: InputSpec
    module: TargetScore
    target_layer: TargetLayer | None
    weights_sha256: str | None
    parameter_count: int | None
    taken: Taken = field(default_factory=Taken)
    capabilities: frozenset[Capability] = field(default=frozenset({"gradients", "features"}))
    facts: ModelFacts = field(default_factory=ModelFacts)
    elsewhere: Elsewhere | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    sandbox: str | None = None

    @property
    def source(self) -> str | None:
        """Where the model runs, if that is elsewhere."""
        return self.elsewhere.source if self.elsewhere else None

    @property
    def batch(self) -> int | None:
        """Images at once that suit it; None where a probe finds the number."""
        return self.elsewhere.batch if self.elsewhere else None

    @property
    def target(self) -> Target:
        """What is made of the network's output, and explained."""
        return self.module.target

    def aimed(self, target: Target) -> TorchDetector:
        """The same detector, of which another number is scored and explained.

        Args:
            target: such as `BoxScore` or `RegionLogit`.
        """
        return replace(self, module=self.module.aimed(target))

    @property
    def head(self) -> Target:
        """What its output means, whatever is explained."""
        return self.module.head

    def boxes(self, images: FloatArray) -> list[Boxes]:
        """What it draws on N images, (N, C, H, W) in [0, 1]; needs the capability "boxes"."""
        with torch.inference_mode():
            return self.module.boxes(torch.from_numpy(images).to(self.module.mean.device))

    def masks(self, images: FloatArray) -> FloatArray:
        """Logits of what it paints, (N, H, W) float32; needs the capability "masks"."""
        with torch.inference_mode():
            values = self.module.masks(torch.from_numpy(images).to(self.module.mean.device))
        return np.asarray(values.float().cpu().numpy())

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """(N, C, H, W) in [0, 1] → (N,)."""
        with torch.inference_mode():
            values = self.module(torch.from_numpy(images).to(self.module.mean.device))
        return np.asarray(values.double().cpu().numpy())
