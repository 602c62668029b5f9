#!/usr/bin/env bash
# grad-cam and TorchCAM take a map's minimum away: evidence that is everywhere becomes evidence at one place.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchvision==0.28.0 grad-cam==1.5.7 torchcam==0.5.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision that was built for another torch lacks compiled operators; none is used here.
    sys.modules.pop("torchvision", None)
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
import numpy as np
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchcam.methods import GradCAM as TorchCam

print("torch", torch.__version__.partition("+")[0],
      *(f"{name} {version(name)}" for name in ("grad-cam", "torchcam")))


class Mean(torch.nn.Module):
    """The logit is the mean of the image: every pixel counts for what it is."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Conv2d(1, 1, 1, bias=False)
        self.features.weight.data.fill_(1.0)

    def forward(self, image):
        return self.features(image).mean((2, 3))


def by_grad_cam(image):
    network = Mean().eval()
    return GradCAM(model=network, target_layers=[network.features])(
        input_tensor=image, targets=[ClassifierOutputTarget(0)]
    )[0]


def by_torchcam(image):
    network = Mean().eval()
    with TorchCam(network, target_layer="features") as extract:
        return extract(0, network(image))[0][0].detach().numpy()


def share(values):
    return float(values[2:4, 2:4].sum() / values.sum())


spread = torch.ones(1, 1, 8, 8)
spread[..., 2:4, 2:4] = 1.5
even = torch.ones(1, 1, 8, 8)
true = share(spread[0, 0].numpy())
expected = True
for name, cam in (("grad-cam", by_grad_cam), ("TorchCAM", by_torchcam)):
    found, flat = share(cam(spread)), cam(even)
    print(f"{name}: of the evidence {true:.1%} are in the lesion, of the map {found:.1%}; "
          f"evidence that is the same everywhere is a map from {flat.min():g} to {flat.max():g}")
    expected &= true < 0.1 and found > 0.99 and not np.any(flat)
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
