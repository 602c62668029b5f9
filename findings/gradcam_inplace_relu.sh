#!/usr/bin/env bash
# grad-cam keeps the tensor that a layer returned; where the network goes on in place, the map is of something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchvision==0.28.0 grad-cam==1.5.7 numpy==2.4.6
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
from torch.nn import functional

print("torch", torch.__version__.partition("+")[0], "grad-cam", version("grad-cam"))


class Network(torch.nn.Module):
    def __init__(self, inplace):
        super().__init__()
        torch.manual_seed(0)
        self.inplace = inplace
        self.features = torch.nn.Conv2d(1, 8, 3, padding=1)
        self.head = torch.nn.Linear(8, 2)

    def forward(self, x):
        x = functional.relu(self.features(x), inplace=self.inplace)
        return self.head(x.mean(dim=(2, 3)))


maps, outputs = [], []
torch.manual_seed(1)
image = torch.randn(1, 1, 16, 16)
for inplace in (False, True):
    network = Network(inplace).eval()
    with torch.no_grad():
        outputs.append(network(image))
    cam = GradCAM(network, [network.features])
    maps.append(cam(image.clone().requires_grad_(), [ClassifierOutputTarget(1)])[0])
same = torch.equal(*outputs)
apart = float(np.abs(maps[0] - maps[1]).max())
print(f"outputs are equal: {same}; largest difference of the two maps, which lie in [0, 1]: {apart:.2f}; "
      f"correlation {np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1]:.2f}")
expected = same and apart > 0.1
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
