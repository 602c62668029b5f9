"""Device on which a detector computes."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from xaudit.core.message import Message
from xaudit.errors import ConfigError


def choose_device(asked: str, *, boxed: bool = False) -> torch.device:
    """The device that the configuration names.

    Args:
        asked: "auto" for the GPU if PyTorch finds one, "cpu", or "cuda".
        boxed: whether the network runs in a sandbox, where there is no GPU.

    Raises:
        ConfigError: a GPU is asked for and there is none.
    """
    if boxed and asked == "cuda":
        raise ConfigError(
            "explain.device: cuda was asked for, and a network in the sandbox has no GPU; say cpu "
            "or auto, or --no-sandbox where you have read its code and trust it"
        )
    found = torch.cuda.is_available() and not boxed
    if asked == "cuda" and not found:
        raise ConfigError(
            f"explain.device: cuda was asked for, and PyTorch {torch.__version__} finds no GPU; "
            "install a build of PyTorch for this GPU, or say cpu or auto"
        )
    return torch.device("cuda" if found and asked != "cpu" else "cpu")


def describe_device(device: torch.device) -> str:
    """How a card names it: the GPU, or the kind of processor and the threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return Message(
        "CPU ({machine}), {n} threads", machine=platform.machine(), n=torch.get_num_threads()
    )


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Within, a processor computes by so many threads, as before for None; as before behind it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
