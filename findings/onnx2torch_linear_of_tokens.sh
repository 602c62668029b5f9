#!/usr/bin/env bash
# A linear layer that reads tokens comes back from onnx2torch without its weights among the parameters.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchvision==0.28.0 onnx==1.23.2 onnx2torch==1.5.15
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys
import warnings
from importlib.metadata import version

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    # Beside a CPU build of torch its compiled operators are not there; this needs none of them.
    for name in [one for one in sys.modules if one.startswith("torchvision")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import onnx
from onnx2torch import convert

print("torch", torch.__version__.partition("+")[0], "onnx", version("onnx"),
      "onnx2torch", version("onnx2torch"))
left = {}
for what, shape in (("a vector for each image", (2, 8)), ("tokens", (2, 5, 8))):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    values, file = torch.rand(shape), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (values,), file, dynamo=False, opset_version=17)
    converted = convert(onnx.load_from_string(file.getvalue()))
    same = bool(torch.allclose(network(values), converted(values), atol=1e-6))
    counts = [sum(one.numel() for one in each.parameters()) for each in (network, converted)]
    left[what] = counts[1]
    print(f"{what}: same outputs {same}; parameters {counts[0]} before, {counts[1]} after")
expected = left["a vector for each image"] == 178 and left["tokens"] == 0
print("as described: what trains or randomizes all parameters leaves these as they are"
      if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
