#!/usr/bin/env bash
# torch.jit.save writes what torch.jit.optimize_for_inference made, and torch.jit.load cannot read it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
import warnings
from pathlib import Path

import torch

warnings.simplefilter("ignore")
print("torch", torch.__version__.partition("+")[0])
torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 1),
).eval()
images = torch.rand(2, 1, 32, 32)
path = Path(sys.argv[1]) / "program.pt"


def reloaded(program):
    torch.jit.save(program, path)
    try:
        return torch.jit.load(path)(images)
    except RuntimeError as error:
        return str(error).splitlines()[0]


expected = True
for name, program in (
    ("scripted", torch.jit.script(network)),
    ("frozen", torch.jit.freeze(torch.jit.script(network))),
    ("optimized for inference", torch.jit.optimize_for_inference(torch.jit.script(network))),
):
    same = torch.allclose(program(images), network(images), atol=1e-5)
    again = reloaded(program)
    said = again if isinstance(again, str) else "the same scores"
    print(f"{name:24} works here: {same}  after saving and loading: {said}")
    expected &= same and isinstance(again, str) == (name == "optimized for inference")
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
