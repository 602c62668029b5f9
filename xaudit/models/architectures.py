"""Architectures: from a name to a network with random weights."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from xaudit.errors import DetectorError
from xaudit.models.foreign import foreign_code, told
from xaudit.models.own_code import is_of_library, refusal
from xaudit.models.spec import OF_FORMAT, Argument
from xaudit.torchvision_operators import (
    define_missing_operators,
    let_operators_be_called,
    torchvision_models,
)

Arguments = Mapping[str, Argument]

_SOURCES = {"checkpoint_path", "weights", "weights_backbone", "cache_dir", "pretrained"}
"""Arguments of timm and torchvision that read or download weights; all `pretrained_…` too."""
_FEATURES = {"features_only", "out_indices"}


def build_network(
    architecture: str, arguments: Arguments, allow_code: Collection[str] = ()
) -> torch.nn.Module:
    """Build a network; nothing is downloaded.

    Args:
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory".
        arguments: passed to the factory.
        allow_code: factories of neither library, nor of xaudit, that may be imported and called.

    Raises:
        DetectorError: the architecture is unknown, does not take these arguments, or is code that
            nobody allowed.
    """
    refused = refusal(architecture, allow_code)
    if refused is not None:
        raise DetectorError(refused)
    scheme, _, name = architecture.partition(":")
    if scheme == OF_FORMAT.partition(":")[0]:
        raise DetectorError(f"{architecture}: is a format; declare detector.format: {name}")
    build = {"torchvision": _torchvision, "timm": _timm}.get(scheme)
    if is_of_library(architecture):
        _refuse_sources(architecture, arguments)
    with foreign_code(f"{architecture}: cannot be built with {dict(arguments)}"):
        network = build(name, arguments) if build else _factory(scheme, name)(**arguments)
    # A factory may have imported torchvision.
    let_operators_be_called()
    if not isinstance(network, torch.nn.Module):
        raise DetectorError(
            f"{architecture}: expected a torch.nn.Module, got {type(network).__name__}"
        )
    return network


def _refuse_sources(architecture: str, arguments: Arguments) -> None:
    """Weights come from one file, whose digest is recorded; what a library would load is not."""
    for name in arguments:
        if name in _SOURCES or name.startswith("pretrained_"):
            raise DetectorError(
                f"{architecture}: detector.arguments.{name}: take it out; nothing else is loaded "
                "or downloaded, detector.weights is the one source of the weights"
            )
        if name in _FEATURES:
            raise DetectorError(
                f"{architecture}: detector.arguments.{name}: take it out; the network would "
                "return features, which detector.weights does not make a score"
            )


def _torchvision(name: str, arguments: Arguments) -> torch.nn.Module:
    models = torchvision_models()
    drawing = [*models.list_models(models.detection), *models.list_models(models.segmentation)]
    known = [*models.list_models(models), *drawing]
    if name not in known:
        raise DetectorError(
            f"torchvision has no model {name!r} for classification, detection or segmentation"
            f"{_near(name, known)}"
        )
    # These two announce another initialization, which nobody looks at here.
    quiet = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
    # Left out, the weights of the backbone are downloaded.
    own = {"weights_backbone": None} if name in drawing else quiet
    network: torch.nn.Module = models.get_model(name, weights=None, **own | dict(arguments))
    return network


def _timm(name: str, arguments: Arguments) -> torch.nn.Module:
    define_missing_operators()
    timm: Any = importlib.import_module("timm")
    if not timm.is_model(name):
        raise DetectorError(f"timm has no model {name!r}{_near(name, timm.list_models())}")
    network: torch.nn.Module = timm.create_model(name, pretrained=False, **arguments)
    return network


def _factory(module: str, name: str) -> Callable[..., object]:
    define_missing_operators()
    try:
        factory = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        own = error.name is not None and module.startswith(error.name)
        remedy = "; put the folder that holds it on PYTHONPATH" if own else ""
        raise DetectorError(
            f"{module}:{name}: {module} cannot be imported: {error}{remedy}"
        ) from None
    # Whatever a maker's own code does while it is imported.
    except (Exception, SystemExit) as error:
        raise DetectorError(
            f"{module}:{name}: {module} cannot be imported: {told(error)}"
        ) from None
    if not callable(factory):
        raise DetectorError(f"{module}:{name}: {module} has no function or class {name!r}")
    return factory  # type: ignore[no-any-return]


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    return f"; near: {', '.join(near)}" if near else ""
