"""Which code an audit file may name: networks of torchvision, timm and xaudit, and no other.

An audit file comes from anywhere, and whatever callable it names would run with the rights of
whoever opens it, with arguments of its choice. So anything else runs only where that person names
it too.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from xaudit.models.remote import permission

_LIBRARIES = ("torchvision", "timm")
_FORMAT = "format"
"""Scheme of a file that an installed package reads: nothing is imported by that name."""
_QUALIFICATION = {
    "networks": (
        "Answering", "BothWays", "Coarse", "ExposureSensitive", "InCompany", "MarkerBehindGoodMaps",
        "NoiseSensitive", "OnePlace", "Pretending", "Sigmoid", "Softmax", "StrongestCells",
        "WithoutFingers",
    ),
    "filters": ("BorderReader", "MarkerReader", "TagReader", "TextureReader"),
}  # fmt: skip
SHIPPED = frozenset(
    {
        "xaudit.models.reference:small_cnn",
        "xaudit.models.reference:small_boxes",
        "xaudit.models.reference:small_segmenter",
        "xaudit.models.reference:views_lstm",
        *(
            f"xaudit.qualification.{module}:{name}"
            for module, names in _QUALIFICATION.items()
            for name in names
        ),
    }
)
"""The networks of xaudit itself; nothing else of it is a detector."""


def needs_permission(architecture: str) -> bool:
    """Whether building it runs code that nobody but the audit file has chosen.

    Args:
        architecture: "torchvision:NAME" and "timm:NAME" are looked up in the library's list of
            models; any other name would be imported.
    """
    own = (*_LIBRARIES, _FORMAT)
    return architecture.partition(":")[0] not in own and architecture not in SHIPPED


def asked(
    kind: str, architecture: str, arguments: Mapping[str, object], weights: Path | None = None
) -> str | None:
    """What of a detector has to be allowed, as ``--allow-code`` names it; None for nothing.

    Args:
        kind: format of its file.
        architecture: as it is declared.
        arguments: as they are declared.
        weights: the file or folder of the model.

    Raises:
        DetectorError: the address of a service is none, or holds secrets.
    """
    if needs_permission(architecture):
        return architecture
    return permission.asked(kind, arguments, weights)


def is_of_library(architecture: str) -> bool:
    """Whether torchvision or timm builds it, under whatever name."""
    return architecture.partition(":")[0].partition(".")[0] in _LIBRARIES


def refusal(architecture: str, allowed: Collection[str]) -> str | None:
    """Why this code does not run, and what to type if it should; None where it may.

    Args:
        architecture: as it is declared.
        allowed: names "module:factory", exactly, from whoever runs the audit.
    """
    if architecture in set(allowed) or not needs_permission(architecture):
        return None
    return (
        f"{architecture}: is not a model of torchvision, timm or xaudit (torchvision:NAME, "
        "timm:NAME), and an audit file does not run other code by itself. If it may run, in a "
        "sandbox that sees neither network nor other files, say so with the option "
        f"--allow-code {shlex.quote(architecture)}, or in Python, where there is no sandbox, with "
        "allow_code"
    )
