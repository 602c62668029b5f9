"""Table of architectures by the names of their tensors, made beforehand, read in a moment.

Building every classification model of timm and torchvision takes minutes;
`benchmarks/known_architectures.py` does it once and writes down a hash of the names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from xaudit.models.spec import Argument

_TABLE = "known_architectures.json"


@dataclass(frozen=True, slots=True)
class Known:
    """An architecture of the table.

    Attributes:
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory".
        arguments: without which it would have other tensors.
    """

    architecture: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """As it stands in the table: the arguments follow behind a space, as JSON."""
        said = f" {json.dumps(dict(self.arguments))}" if self.arguments else ""
        return f"{self.architecture}{said}"

    @classmethod
    def of(cls, text: str) -> Known:
        """Read back `text`."""
        architecture, _, said = text.partition(" ")
        return cls(architecture, json.loads(said) if said else {})


def signature_of(names: Iterable[str]) -> str:
    """A short hash of the names of tensors, in any order.

    Counters of batch norm are left out: they have no influence, and old files lack them.
    """
    kept = sorted(name for name in names if not name.endswith("num_batches_tracked"))
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:12]


def known_with(names: Iterable[str]) -> tuple[Known, ...]:
    """The architectures that have tensors of these names, those of torchvision first.

    Args:
        names: of all tensors of a state.
    """
    table = json.loads((files("xaudit.models") / _TABLE).read_text(encoding="utf-8"))
    found = [Known.of(text) for text in table.get(signature_of(names), ())]
    return tuple(sorted(found, key=lambda one: one.architecture.startswith("timm:")))
