"""Load a detector as it is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from xaudit.core.detector import Capability, Elsewhere, Taken
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.architectures import build_network
from xaudit.models.files.checkpoint import read_stored
from xaudit.models.files.hashed import weights_sha256
from xaudit.models.foreign import foreign_code, told
from xaudit.models.formats import CalledNetwork, facts_of, read_model
from xaudit.models.heads.box_score import BoxHead
from xaudit.models.heads.head import head_of
from xaudit.models.heads.mask_score import MaskHead
from xaudit.models.heads.output import DRAWN
from xaudit.models.own_transform import refuse_second_normalization
from xaudit.models.programs.slopes import slopes_hold
from xaudit.models.remote.permission import COMMAND, HTTP
from xaudit.models.spec import TORCH, DetectorSpec
from xaudit.models.target_layers.layers import TargetLayer, find_target_layer
from xaudit.models.torch_detector import TargetScore, TorchDetector
from xaudit.models.weights import load_weights

# The first is faster; a network that flattens feature maps with `view` works with the second only.
_MEMORY_FORMATS = (torch.channels_last, torch.contiguous_format)

_DRAWS: Mapping[str, frozenset[Capability]] = {
    "boxes": frozenset({"boxes"}),
    "segmentation": frozenset({"masks"}),
}

Offered = tuple[TargetLayer | None, frozenset[Capability]]
"""The target layer, and what is offered besides scores."""
_WRAP = (
    "it is called with one tensor (N, C, H, W), or (N, V, C, H, W) where detector.input.views "
    "declares V views: if it wants more, other names or a dictionary, "
    "name a factory of your own that wraps it (docs/how-to/audit-a-detector.md)"
)


def load_detector(spec: DetectorSpec) -> TorchDetector:
    """Build the architecture, load the weights, and try one image.

    Args:
        spec: what the configuration declares.

    Raises:
        DetectorError: architecture, weights, input or output do not fit together, or nobody answers
            where the detector is said to be.
    """
    if spec.output.kind in DRAWN and spec.format in {COMMAND, HTTP}:
        raise DetectorError(
            f"detector.output.kind {spec.output.kind}: format {spec.format} answers with one row "
            "of scores for each image; boxes and masks do not come that way: let it return the "
            "score of the image and declare that (output.kind logit or probability)"
        )
    with nothing_lost():
        network, taken = _of_torch(spec) if spec.format == TORCH else (read_model(spec), Taken())
        return detector_of(spec, network, taken)


@contextmanager
def nothing_lost() -> Iterator[None]:
    """Before anything was computed, who does not answer is a declaration that does not fit."""
    try:
        yield
    except DetectorLostError as error:
        raise DetectorError(str(error)) from None


def detector_of(
    spec: DetectorSpec, network: torch.nn.Module, taken: Taken, offered: Offered | None = None
) -> TorchDetector:
    """Try one image on a network, and see what it offers.

    Args:
        spec: what the configuration declares.
        network: with its weights.
        taken: what of its file it received.
        offered: what it says that it offers, where nobody here can look.

    Raises:
        DetectorError: input or output do not fit.
    """
    refuse_second_normalization(network, spec.input)
    image = _probe_image(spec)
    module = _tried(network, spec, image)
    layer, capabilities = _offered(module, spec, image, offered)
    elsewhere = _elsewhere(network)
    return TorchDetector(
        name=spec.name,
        input=spec.input,
        module=module,
        target_layer=layer,
        weights_sha256=weights_sha256(spec.weights) if spec.weights else None,
        parameter_count=_parameters(network),
        taken=taken,
        capabilities=capabilities | _DRAWS.get(spec.output.kind, frozenset()),
        elsewhere=elsewhere,
        stated=elsewhere.stated() if elsewhere else {},
        facts=facts_of(network),
    )


def _elsewhere(network: torch.nn.Module) -> Elsewhere | None:
    scores = network.scores if isinstance(network, CalledNetwork) else None
    return scores if isinstance(scores, Elsewhere) else None


def _parameters(network: torch.nn.Module) -> int | None:
    """How many; None where it does not tell. Keras keeps whole numbers among them, its seeds."""
    floating = (one for one in network.parameters() if one.is_floating_point())
    return sum(one.numel() for one in floating) or None


def _of_torch(spec: DetectorSpec) -> tuple[torch.nn.Module, Taken]:
    if spec.weights is None:
        raise DetectorError("detector.weights: is missing; an architecture needs a file of them")
    stored = read_stored(spec.weights, spec.weights_key)
    network = build_network(spec.architecture, spec.arguments, spec.allow_code)
    where = f"{spec.weights.name} into {spec.architecture}"
    return network, load_weights(
        network, stored, spec.weights_prefix, where, spec.weights_leave_out
    )


def _probe_image(spec: DetectorSpec) -> torch.Tensor:
    """Noise, the same every time: a black image leaves whole layers without a signal."""
    planes = 3 if spec.input.color == "rgb" else 1
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, planes, *spec.input.grid.shape, generator=generator)


def _target(
    module: TargetScore, image: torch.Tensor, name: str | None, views: int = 1
) -> TargetLayer | None:
    try:
        draws = isinstance(module.head, (BoxHead, MaskHead))
        return find_target_layer(module.network, module, image, name, views, draws=draws)
    except DetectorLostError:
        raise
    except DetectorError:
        if name is not None:
            raise
        return None


def _offered(
    module: TargetScore, spec: DetectorSpec, image: torch.Tensor, said: Offered | None
) -> Offered:
    """The target layer, and what the logit offers; gradients of another format are tried first."""
    layer, capabilities = said or _seen(module, spec, image)
    if not capabilities or spec.format == TORCH:
        return layer, capabilities
    with foreign_code("the model fails where it is asked for its gradients"):
        held = slopes_hold(module, image)
    return (layer, capabilities) if held else (None, frozenset())


def _seen(module: TargetScore, spec: DetectorSpec, image: torch.Tensor) -> Offered:
    with foreign_code("the network does not work where its layers are watched"):
        layer = _target(module, image, spec.target_layer, spec.input.grid.views)
        return layer, _capabilities(module, image, layer)


def _capabilities(
    module: TargetScore, image: torch.Tensor, layer: TargetLayer | None
) -> frozenset[Capability]:
    """What the logit offers: a network that detaches a part of itself may have no gradient."""
    if layer:
        return frozenset({"gradients", "features"})
    differentiable = module(image.clone().requires_grad_(True)).requires_grad
    return frozenset({"gradients"}) if differentiable else frozenset()


def _tried(network: torch.nn.Module, spec: DetectorSpec, image: torch.Tensor) -> TargetScore:
    """The network with its normalization and head, in the memory format that it works with."""
    problem: BaseException | None = None
    for memory_format in _MEMORY_FORMATS:
        try:
            with foreign_code("the network"):
                return _called(network, spec, image, memory_format)
        except DetectorError as error:
            # What it returned does not depend on the memory format.
            if error.__cause__ is None:
                raise
            problem = problem or error.__cause__
    assert problem is not None
    shape = " x ".join(map(str, image.shape[1:]))
    raise DetectorError(
        f"the network does not take an input of {shape}: {told(problem)}; see detector.input"
        f"{_wrapper(problem)}"
    ) from None


def _called(
    network: torch.nn.Module,
    spec: DetectorSpec,
    image: torch.Tensor,
    memory_format: torch.memory_format,
) -> TargetScore:
    head = head_of(spec.output, (spec.input.height, spec.input.width))
    module = TargetScore(network, spec.input, head, memory_format)
    # Not inference mode: what a network keeps from here must allow gradients later.
    with torch.no_grad():
        module(image)
    return module


def _wrapper(cause: BaseException) -> str:
    """What to do where the network wants to be called in another way."""
    return f"; {_WRAP}" if isinstance(cause, TypeError | KeyError | IndexError) else ""
