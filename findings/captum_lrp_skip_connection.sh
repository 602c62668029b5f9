#!/usr/bin/env bash
# captum's LRP refuses layers that it has no rule for, but does not see that a network adds or joins branches.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 captum==0.9.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import torch
from captum.attr import LRP

print("torch", torch.__version__.partition("+")[0], "captum", version("captum"))


class Network(torch.nn.Module):
    """Three layers without offsets; the second may be skipped, by a sum or by joining."""

    def __init__(self, skip):
        super().__init__()
        torch.manual_seed(0)
        self.skip = skip
        self.first = torch.nn.Linear(6, 8, bias=False)
        self.second = torch.nn.Linear(8, 8, bias=False)
        self.head = torch.nn.Linear(16 if skip == "joined" else 8, 1, bias=False)
        self.one, self.other = torch.nn.ReLU(), torch.nn.ReLU()

    def forward(self, values):
        near = self.one(self.first(values))
        far = self.other(self.second(near))
        if self.skip == "joined":
            return self.head(torch.cat([near, far], dim=1))
        return self.head(near + far if self.skip == "added" else far)


missed, signs, warned = {}, {}, 0
for skip in ("none", "added", "joined"):
    missed[skip], signs[skip] = [], 0
    for seed in range(8):
        values = torch.rand(1, 6, generator=torch.Generator().manual_seed(seed))
        network = Network(skip).eval()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            relevance = float(LRP(network).attribute(values, target=0).sum().detach())
        logit = float(network(values).detach())
        missed[skip].append(abs(relevance - logit) / abs(logit))
        signs[skip] += relevance * logit < 0
        warned += sum("skip" in str(one.message) or "add" in str(one.message) for one in said)
    print(f"skip connection {skip:6}: relevances miss the logit by {min(missed[skip]):.1%} to "
          f"{max(missed[skip]):.1%}; {signs[skip]} of 8 sums have the other sign")
print(f"warnings about it: {warned}")
expected = (
    max(missed["none"]) < 1e-4
    and max(missed["added"]) > 0.1
    and max(missed["joined"]) > 0.1
    and not warned
)
print("as described: relevance is not conserved, and nothing says so" if expected
      else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
