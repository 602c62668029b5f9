"""The architecture of weights from the names and shapes of their tensors, where it is certain."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from xaudit.errors import DetectorError
from xaudit.models.architectures import build_network
from xaudit.models.files.checkpoint import State, StoredState, read_states
from xaudit.models.known import Known, known_with
from xaudit.models.spec import Argument
from xaudit.models.weights import shared_prefixes, without_prefix

Shapes = Mapping[str, tuple[int, ...]]

_COMPARED = 12
# Tensors that may differ before the arguments are known: of the first layer and of every head.
_DIFFERENT = 8
_LARGEST = 150_000_000
# Of float32 sums; a hundred times as much has to lie between two images.
_ROUNDING = 1e-4
_SIZES = (224, 384, 256)
_PLANES = 3


@dataclass(frozen=True, slots=True)
class Recognized:
    """What the names and shapes of a set of weights show.

    Attributes:
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory"; None if no
            known one has these tensors.
        arguments: with which it has exactly these tensors.
        channels: planes that it takes; None if the architecture is not known.
        outputs: width of what it returns; None likewise.
        alike: further architectures that give the same logits with these weights.
        rivals: further ones with the same tensors that give others, or were not compared.
        keys: of the states of the file; the first was looked at.
        prefix: that has to be declared, since other names do not begin with it.
    """

    architecture: str | None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    channels: int | None = None
    outputs: int | None = None
    alike: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class _Built:
    """An architecture with the arguments that give it the tensors of the file."""

    architecture: str
    arguments: Mapping[str, Argument]
    channels: int
    outputs: int


def recognize(weights: Path) -> Recognized:
    """Compare weights with the classification models of torchvision and timm, and xaudit's own.

    Names are looked up in a table (`xaudit.models.known`), shapes are compared with the network
    itself; of several that fit, it is tried whether they give the same logits.

    Args:
        weights: safetensors or what ``torch.save`` wrote.

    Raises:
        DetectorError: the weights cannot be read.
    """
    states = read_states(weights)
    keys = tuple(state.key for state in states)
    for prefix, declared, tensors in _readings(states[0]):
        fitting = [built for one in known_with(tensors) if (built := _fitting(one, tensors))]
        if fitting:
            first, alike = fitting[0], _alike(fitting, tensors)
            return Recognized(
                first.architecture,
                first.arguments,
                first.channels,
                first.outputs,
                alike,
                tuple(one.architecture for one in fitting[1:] if one.architecture not in alike),
                keys,
                prefix if declared else None,
            )
    return Recognized(None, keys=keys)


def _readings(stored: StoredState) -> Iterator[tuple[str, bool, State]]:
    """Prefix, whether it would have to be declared, and the tensors without it."""
    tensors = stored.tensors
    for prefix in shared_prefixes(tensors):
        yield prefix, False, without_prefix(tensors, prefix)
    first = dict.fromkeys(f"{name.partition('.')[0]}." for name in tensors if "." in name)
    for prefix in first if len(first) > 1 else ():
        yield prefix, True, without_prefix(tensors, prefix)


def _fitting(known: Known, tensors: State) -> _Built | None:
    """The architecture with the arguments that give it these shapes; None if none do."""
    wanted = _shapes(tensors)
    plain = _shapes_of(known.architecture, known.arguments)
    if plain is None or plain.keys() != wanted.keys():
        return None
    if sum(plain[name] != wanted[name] for name in plain) > _DIFFERENT:
        return None
    channel = _channel_argument(known)
    heads, firsts = _heads(known, plain), _firsts(known, plain)
    outputs = {wanted[name][0] for name in heads} or {0}
    channels = {wanted[name][1] // firsts[name] for name in firsts} or {_PLANES}
    if len(outputs) != 1 or len(channels) != 1:
        return None
    width, planes = outputs.pop(), channels.pop()
    arguments = dict(known.arguments) | {"num_classes": width}
    if channel and (planes != _PLANES or channel == "channels"):
        arguments |= {channel: planes}
    if _shapes_of(known.architecture, arguments) != wanted:
        return None
    return _Built(known.architecture, arguments, planes, width)


def _channel_argument(known: Known) -> str | None:
    """How the number of channels is given; torchvision's networks always take three."""
    scheme = known.architecture.partition(":")[0]
    return {"timm": "in_chans", "torchvision": None}.get(scheme, "channels")


def _heads(known: Known, plain: Shapes) -> tuple[str, ...]:
    """The tensors whose first axis is as long as there are outputs."""
    other = _shapes_of(known.architecture, {**known.arguments, "num_classes": 7}) or plain
    return tuple(name for name in plain if plain[name] != other[name])


def _firsts(known: Known, plain: Shapes) -> dict[str, int]:
    """The kernels that see the image → of their planes, how many for each channel."""
    channel = _channel_argument(known)
    if channel is None:
        return {}
    few, many = (
        _shapes_of(known.architecture, {**known.arguments, channel: count}) or plain
        for count in (1, 2)
    )
    return {
        name: many[name][1] - few[name][1]
        for name in plain
        if many[name] != few[name] and len(plain[name]) == 4 and many[name][1] > few[name][1]
    }


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(tensor.shape)
        for name, tensor in tensors.items()
        if not name.endswith("num_batches_tracked")
    }


def _shapes_of(architecture: str, arguments: Mapping[str, Argument]) -> Shapes | None:
    """Names and shapes of a network, mostly without its memory; None if it cannot be built so."""
    for device in ("meta", "cpu"):
        try:
            with warnings.catch_warnings(), torch.device(device):
                warnings.simplefilter("ignore")
                return _shapes(build_network(architecture, arguments).state_dict())
        except (DetectorError, RuntimeError):
            continue  # some read values while they are built
    return None


def _alike(fitting: Sequence[_Built], tensors: State) -> tuple[str, ...]:
    """Which give the same as the first with these weights, on an image of noise.

    Names and shapes do not tell: of two such vision transformers one has another activation.
    """
    if len(fitting) < 2 or sum(tensor.numel() for tensor in tensors.values()) > _LARGEST:
        return ()
    first, *others = (_logits(one, tensors) for one in fitting[:_COMPARED])
    return tuple(
        one.architecture
        for one, logits in zip(fitting[1:], others, strict=False)
        if first is not None and logits is not None and _same(first, logits)
    )


def _same(first: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether they differ by far less than two images do: logits may be tiny, or all bias."""
    moved = float((first[0] - first[1]).abs().max())
    told = moved > _ROUNDING * float(first.abs().max())
    return first.shape == other.shape and told and bool((first - other).abs().max() < moved / 100)


def _logits(built: _Built, tensors: State) -> torch.Tensor | None:
    """Of two images of noise, of the first size that the network takes; None if of none."""
    try:
        network = build_network(built.architecture, built.arguments).eval()
        network.load_state_dict(tensors, strict=False)
    except (DetectorError, RuntimeError, ValueError):
        return None
    for size in _SIZES:
        image = torch.rand(
            2, built.channels, size, size, generator=torch.Generator().manual_seed(0)
        )
        image[1] *= 0.25
        try:
            with torch.inference_mode():
                output = network(image)
        except Exception:  # of another size, mostly
            continue
        return output if isinstance(output, torch.Tensor) else None
    return None
