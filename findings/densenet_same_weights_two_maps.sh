#!/usr/bin/env bash
# The layer features of DenseNet121 is before the last ReLU in torchvision and after it in timm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchvision==0.28.0 timm==1.0.31 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision that was built for another torch lacks compiled operators; none is used here.
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
import numpy as np
import timm
from torchvision.models import densenet121

print("torch", torch.__version__.partition("+")[0], "torchvision", version("torchvision"),
      "timm", version("timm"))
torch.manual_seed(0)
one = densenet121(weights=None, num_classes=2).eval()
for module in one.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.normal_(module.bias, std=0.3)
other = timm.create_model("densenet121", num_classes=2).eval()
other.load_state_dict(one.state_dict())
image = torch.randn(1, 3, 224, 224)


def gradcam(network):
    kept = []
    handle = network.features.register_forward_hook(
        lambda _module, _inputs, output: kept.append(output) or output.clone()
    )
    logit = network(image)[0, 1]
    handle.remove()
    (slope,) = torch.autograd.grad(logit, kept[0])
    grid = (slope.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1)[0].detach()
    return grid, float(logit.detach()), float(kept[0].detach().min())


gaps = []
results = [gradcam(network) for network in (one, other)]
for name, network, (grid, logit, least) in zip(("torchvision", "timm"), (one, other), results):
    total = float(grid.sum()) + float(network.classifier.bias[1].detach())
    gaps.append(abs(total - logit))
    print(f"{name:12} logit {logit:.5f}  Grad-CAM of features plus bias adds up to {total:.5f}  "
          f"smallest feature {least:.3f}")
correlation = float(np.corrcoef(*(grid.numpy().ravel() for grid, *_ in results))[0, 1])
print(f"correlation of the two maps: {correlation:.2f}")
expected = (
    abs(results[0][1] - results[1][1]) < 1e-4
    and gaps[0] > 0.02
    and gaps[1] < 1e-4
    and correlation < 0.99
    and results[0][2] < 0 <= results[1][2]
)
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
