"""The architectures of the fracture literature, with random weights, through the public loader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import interpolate

from xaudit.core.detector import InputSpec
from xaudit.models.architectures import build_network
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec

GRAY = InputSpec(224, 224)
PLANE = InputSpec(224, 224, channels=1)
RGB = InputSpec(224, 224, color="rgb", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
ONE = OutputSpec("logit")
TWO = OutputSpec("two_logits", 1)
LABELS = OutputSpec("multi_label", 3)

NORMS = tuple(getattr(torch.nn, f"BatchNorm{rank}d") for rank in (1, 2, 3))


@dataclass(frozen=True)
class Architecture:
    """A detector's architecture and what is expected of it.

    Attributes:
        name: for the test's report.
        factory: as `detector.architecture` names it.
        arguments: of the factory.
        input: what it sees.
        output: what it returns.
        grid: of the layer that Grad-CAM reads.
        folds: batch norms that can be folded, at least.
        heavy: takes more than a few seconds.
        pools: the head is a linear layer over the mean of a feature map, so that a CAM of it
            adds up to the logit.
    """

    name: str
    factory: str
    grid: tuple[int, int]
    arguments: Mapping[str, object] = field(default_factory=dict)
    input: InputSpec = GRAY
    output: OutputSpec = ONE
    folds: int = 0
    heavy: bool = True
    pools: bool = False

    def build(self) -> torch.nn.Module:
        """The network, awake, with the same random weights every time."""
        with torch.random.fork_rng():
            torch.manual_seed(7)
            network = build_network(self.factory, self.arguments, (self.factory,))
            awaken(network, _batches(self.input))
        return network


ARCHITECTURES = (
    Architecture(
        "resnet50", "torchvision:resnet50", (7, 7), {"num_classes": 1}, folds=53, pools=True
    ),
    Architecture(
        "densenet121", "torchvision:densenet121", (7, 7), {"num_classes": 14}, GRAY, LABELS, 58,
        pools=True,
    ),
    Architecture("vgg19", "torchvision:vgg19", (7, 7), {"num_classes": 2}, RGB, TWO),
    Architecture(
        "efficientnet_b4", "torchvision:efficientnet_b4", (7, 7), {"num_classes": 1}, RGB, folds=96,
        pools=True,
    ),
    Architecture(
        "mobilenet_v2", "torchvision:mobilenet_v2", (7, 7), {"num_classes": 2}, GRAY, TWO, 52,
        heavy=False, pools=True,
    ),
    Architecture("vit_b_16", "torchvision:vit_b_16", (14, 14), {"num_classes": 1}),
    Architecture(
        "swin_t", "torchvision:swin_t", (7, 7), {"num_classes": 14}, RGB, LABELS, pools=True
    ),
    Architecture(
        "timm_vit", "timm:vit_base_patch16_224", (14, 14), {"num_classes": 2}, RGB, TWO
    ),
    Architecture(
        "timm_swin", "timm:swin_tiny_patch4_window7_224", (7, 7), {"num_classes": 1, "in_chans": 1},
        PLANE, pools=True,
    ),
    Architecture("fracnet_like", "networks:fracnet_like", (14, 14), folds=4, heavy=False),
    Architecture("ensemble", "networks:ensemble", (14, 14), folds=20, heavy=False),
    Architecture("cnn_lstm", "networks:cnn_lstm", (14, 14), folds=4, heavy=False),
    Architecture(
        "light_512", "networks:light_cnn", (16, 16), {"outputs": 2},
        InputSpec(512, 512, channels=1), TWO, 5, heavy=False,
        pools=True,
    ),
    Architecture(
        "light_1024", "networks:light_cnn", (32, 24), {"channels": 3, "outputs": 14},
        InputSpec(1024, 768, color="rgb"), LABELS, 5, heavy=False,
        pools=True,
    ),
)  # fmt: skip


def _batches(spec: InputSpec) -> torch.Tensor:
    """Two batches, each of noise from faint to strong, normalized as the network wants it."""
    strengths = torch.linspace(0.1, 1, 3).reshape(-1, 1, 1, 1)
    pixels = strengths * torch.rand(2, 3, spec.channels, spec.height, spec.width)
    mean, std = (torch.tensor(one).reshape(-1, 1, 1) for one in (spec.mean, spec.std))
    return (pixels - mean) / std


def awaken(network, batches, shift=0.0):
    """Give an untrained network what training would: norms that matter, no parameter at zero.

    Args:
        network: is changed.
        batches: two, as they enter it.
        shift: of what leaves a norm; with 1 or 2 most units are above zero, and a network of many
            layers magnifies rounding less.
    """
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    # Dropout and stochastic depth would give other statistics than evaluation sees.
    network.eval()
    norms = [one for one in network.modules() if isinstance(one, NORMS)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, shift, std=0.1)
        # Statistics become the mean over the batches.
        norm.momentum = None
        norm.train()
    if norms:
        with torch.no_grad():
            for batch in batches:
                network(batch)
    network.eval()


def detector_of(architecture: Architecture, folder: Path):
    """The detector as a user gets it: weights in a file, the rest declared."""
    weights = folder / f"{architecture.name}.safetensors"
    save_file(architecture.build().state_dict(), weights)
    return load_detector(
        DetectorSpec(
            name=architecture.name, version="1", architecture=architecture.factory,
            weights=weights, arguments=architecture.arguments,
            input=architecture.input, output=architecture.output,
            allow_code=(architecture.factory,),
        )
    )  # fmt: skip


def snapshot(module):
    """All that must be the same afterwards: weights, modes, hooks."""
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    parts = [
        (name, id(part), part.training, len(part._forward_hooks), len(part._forward_pre_hooks),
         len(part._backward_hooks), tuple(one.requires_grad for one in part.parameters(False)))
        for name, part in module.named_modules(remove_duplicate=False)
    ]  # fmt: skip
    return state, parts


def unchanged(module, before):
    state, parts = snapshot(module)
    return parts == before[1] and all(
        torch.equal(tensor, before[0][name]) for name, tensor in state.items()
    )


def plain_gradcam(module, layer, image):
    """Equations 1 and 2 of Grad-CAM by autograd alone, on the network as it is; (C, H, W)."""
    outputs = []
    with layer.passing(lambda output: outputs.append(output) or output.clone()):
        logit = module(torch.from_numpy(image[None].copy()).requires_grad_(True))
    (slope,) = torch.autograd.grad(logit.sum(), outputs[-1])
    features, slopes = layer.feature_map(outputs[-1].detach()), layer.feature_map(slope)
    grid = (slopes.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1, keepdim=True)
    size = image.shape[1:]
    return interpolate(grid, size=size, mode="bilinear", align_corners=False)[0, 0].numpy()
