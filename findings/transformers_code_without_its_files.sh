#!/usr/bin/env bash
# transformers runs the code of a local folder from a copy that has its modules and nothing else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.24.0
HF_HOME="$folder/home" "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

print("transformers", transformers.__version__)
transformers.utils.logging.disable_progress_bar()
CODE = """
import pathlib

import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput

from .scaling import SCALE
{read}

class SmallConfig(PretrainedConfig):
    model_type = "small_of_its_own"

class Small(PreTrainedModel):
    config_class = SmallConfig
    def __init__(self, config):
        super().__init__(config)
        self.head = torch.nn.Linear(3, 2)
        self.post_init()
    def forward(self, pixel_values=None):
        return ImageClassifierOutput(logits=SCALE * self.head(pixel_values.mean((2, 3))))
"""
READ = 'SCALE *= float((pathlib.Path(__file__).parent / "scale.txt").read_text())'
head = torch.nn.Linear(3, 2)


def said(name, read):
    hub = Path(sys.argv[1]) / name
    hub.mkdir()
    (hub / "small.py").write_text(CODE.format(read=read))
    (hub / "scaling.py").write_text("SCALE = 2.0\n")
    (hub / "scale.txt").write_text("1.0")
    names = {"AutoConfig": "small.SmallConfig", "AutoModelForImageClassification": "small.Small"}
    (hub / "config.json").write_text(
        json.dumps({"model_type": "small_of_its_own", "architectures": ["Small"], "auto_map": names})
    )
    tensors = {f"head.{key}": one.detach() for key, one in head.named_parameters()}
    save_file(tensors, str(hub / "model.safetensors"), metadata={"format": "pt"})
    try:
        model = transformers.AutoModelForImageClassification.from_pretrained(
            str(hub), trust_remote_code=True, local_files_only=True
        )
    except FileNotFoundError as error:
        return f"FileNotFoundError of {Path(error.filename).name}, which lies in the folder"
    return f"runs, its module lies in the folder: {hub in Path(sys.modules[type(model).__module__].__file__).parents}"


modules = said("modules_alone", "")
data = said("with_a_file", READ)
print("a module and another one beside it:", modules)
print("the same, and a text file that it reads:", data)
expected = modules == "runs, its module lies in the folder: False" and data.startswith("FileNotFound")
print("as described" if expected else "the behaviour has changed")
sys.exit(0 if expected else 1)
PYTHON
