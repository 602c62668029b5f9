#!/usr/bin/env bash
# MONAI's Grad-CAM is 0 where the evidence is strongest and 1 where there is none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 monai==1.6.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from monai.visualize import GradCAM

print("torch", torch.__version__.partition("+")[0], "monai", version("monai"))


class Bright(torch.nn.Module):
    """One smoothed channel and its mean: what is bright speaks for class 1, and nothing else does."""

    def __init__(self):
        super().__init__()
        self.smooth = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)
        self.smooth.weight.data.fill_(1 / 9)
        self.features = torch.nn.ReLU()

    def forward(self, image):
        evidence = self.features(self.smooth(image)).mean((2, 3))
        return torch.cat([-evidence, evidence], dim=1)


image = torch.zeros(1, 1, 16, 16)
image[..., 4:8, 4:8] = 1
lesion, corner = (..., slice(5, 7), slice(5, 7)), (..., slice(12, 16), slice(12, 16))
network = Bright().eval()
found = GradCAM(nn_module=network, target_layers="features")(image, class_idx=1)
plain = GradCAM(nn_module=network, target_layers="features", postprocessing=lambda one: one)(
    image, class_idx=1
)
for name, one in (("as it comes", found), ("without its last step", plain)):
    print(f"{name:22} in the bright square {float(one[lesion].mean()):.3f}, "
          f"in the empty corner {float(one[corner].mean()):.3f}")
expected = (
    float(found[lesion].max()) < 0.01 < 0.99 < float(found[corner].min())
    and float(plain[lesion].min()) > float(plain[corner].max())
)
print("as described: the highest evidence is printed as 0" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
