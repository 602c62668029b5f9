"""Write xaudit/models/known_architectures.json: names of tensors → architectures that have them.

Run again when timm or torchvision is raised (some minutes, one core):
    python benchmarks/known_architectures.py
"""

import gc
import json
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import torch

from xaudit.models.architectures import build_network
from xaudit.models.known import Known, signature_of
from xaudit.torchvision_operators import torchvision_models

OUT = Path(__file__).parents[1] / "xaudit" / "models" / "known_architectures.json"


def wanted() -> Iterator[Known]:
    models = torchvision_models()
    import timm  # noqa: PLC0415  (after the operators are defined)

    yield Known("xaudit.models.reference:small_cnn")
    for name in models.list_models(module=models):
        yield Known(f"torchvision:{name}")
    for name in ("inception_v3", "googlenet"):
        yield Known(f"torchvision:{name}", {"aux_logits": False})
    for name in timm.list_models():
        yield Known(f"timm:{name}")


def names(known: Known) -> list[str] | None:
    for device in ("meta", "cpu"):
        try:
            with torch.device(device):
                return list(build_network(known.architecture, known.arguments).state_dict())
        except Exception as error:  # whatever a maker's code does on meta
            print(known.architecture, device, repr(error)[:150], file=sys.stderr, flush=True)
    return None


def main() -> None:
    warnings.simplefilter("ignore")
    table: dict[str, list[str]] = defaultdict(list)
    for known in wanted():
        found = names(known)
        if found:
            table[signature_of(found)].append(known.text)
        gc.collect()
    lines = [f"{json.dumps(one)}: {json.dumps(sorted(table[one]))}" for one in sorted(table)]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
