#!/usr/bin/env bash
# Eigen-CAM of grad-cam shows the lesion or everything but the lesion, depending on the order of the channels.
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
from pytorch_grad_cam import EigenCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

print("torch", torch.__version__.partition("+")[0], "grad-cam", version("grad-cam"))


class Network(torch.nn.Module):
    """Six channels, their mean, a sum; the channels may be numbered in another order."""

    def __init__(self, order):
        super().__init__()
        torch.manual_seed(0)
        self.channels = torch.nn.Conv2d(1, 6, 3, padding=1)
        self.features = torch.nn.ReLU()
        self.head = torch.nn.Linear(6, 1)
        for part in (self.channels.weight, self.channels.bias):
            part.data = part.data[order]
        self.head.weight.data = self.head.weight.data[:, order]

    def forward(self, image):
        return self.head(self.features(self.channels(image)).mean((2, 3)))


orders = {
    "as they are": [0, 1, 2, 3, 4, 5], "first two": [1, 0, 2, 3, 4, 5],
    "backwards": [5, 4, 3, 2, 1, 0], "rotated": [2, 3, 4, 5, 0, 1],
}  # fmt: skip
generator = torch.Generator().manual_seed(1)
turned = 0
for number in range(6):
    image = torch.rand(1, 1, 16, 16, generator=generator)
    image[..., 4:9, 4:9] += 2
    logits, inside = [], {}
    for name, order in orders.items():
        network = Network(order).eval()
        logits.append(float(network(image).detach()))
        found = EigenCAM(model=network, target_layers=[network.features])(
            input_tensor=image, targets=[ClassifierOutputTarget(0)]
        )[0]
        inside[name] = float(found[5:8, 5:8].mean())
    assert max(logits) - min(logits) < 1e-5
    shown = ", ".join(f"{name} {value:.2f}" for name, value in inside.items())
    print(f"image {number}: one logit {logits[0]:.4f}; in the lesion: {shown}")
    turned += max(inside.values()) > 0.5 and min(inside.values()) < 0.05
expected = turned >= 1
print(f"as described: {turned} of 6 images, the same network has opposite maps" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
