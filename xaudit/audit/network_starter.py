"""The part of a first audit file that speaks of the network: what is certain, and what is asked."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from xaudit.audit.questions import OPEN, QUESTIONS
from xaudit.core.printable import printable
from xaudit.models.recognize import Recognized
from xaudit.models.sidecar import Sidecar

_INPUT = ("height", "width", "color", "channels", "resize", "interpolation", "mean", "std",
          "intensity")  # fmt: skip


def network_text(seen: Recognized, sidecar: Sidecar) -> str:
    """Lines for `detector`: architecture, arguments, input and output.

    Args:
        seen: what the tensors show.
        sidecar: what a file beside the weights says.
    """
    return "\n".join(
        [
            *_states(seen),
            *_architecture(seen, sidecar),
            "  input:",
            "    # How your training code prepared an image; `xaudit check` notices some wrong",
            "    # declarations, not all. Values enter the network as (x - mean) / std.",
            *_input(seen, sidecar),
            "  output:",
            *_output(seen),
        ]
    )


def asked(section: str, key: str, indent: str, *remarks: str) -> Iterator[str]:
    """A question as comment and mark.

    Args:
        section: of `detector` in which the key stands; empty for `detector` itself.
        key: that is asked for.
        indent: of the line.
        remarks: what is known of it.
    """
    path = f"detector.{section}.{key}" if section else f"detector.{key}"
    for text in (QUESTIONS[path], *remarks):
        yield from _comment(text, indent)
    yield f'{indent}{key}: "{OPEN}"'


def _comment(text: str, indent: str) -> list[str]:
    # Names come from files: a line break of any kind in them would end the comment.
    shown = printable(text)
    return textwrap.wrap(
        shown, 98, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _states(seen: Recognized) -> Iterator[str]:
    if len(seen.keys) > 1:
        remark = f"the file holds {', '.join(seen.keys)}; what follows is of {seen.keys[0]}"
        yield from asked("", "weights_key", "  ", remark)
    if seen.prefix:
        yield from _comment("only these entries are taken; all others are left out", "  ")
        yield f"  weights_prefix: {json.dumps(seen.prefix)}"


def _architecture(seen: Recognized, sidecar: Sidecar) -> Iterator[str]:
    if seen.architecture is None:
        why = "no classification model of torchvision or timm that is known here has these tensors"
        yield from asked("", "architecture", "  ", why)
        return
    fitting = (seen.architecture, *seen.alike, *seen.rivals)
    named = sidecar.architecture
    if named in fitting:
        yield from _comment(f"recognized by its tensors, and named in {sidecar.source}", "  ")
        yield f"  architecture: {named}"
    elif seen.rivals:
        yield from asked("", "architecture", "  ", *_rivals(seen))
    else:
        yield from _comment("recognized by its tensors", "  ")
        if seen.alike:
            same = f"the same tensors and, with these weights, logits: {', '.join(seen.alike)}"
            yield from _comment(same, "  ")
        yield f"  architecture: {seen.architecture}"
    inner = ", ".join(f"{key}: {json.dumps(value)}" for key, value in seen.arguments.items())
    yield f"  arguments: {{{inner}}}"


def _rivals(seen: Recognized) -> Iterator[str]:
    if seen.alike:
        same = " and ".join((str(seen.architecture), *seen.alike))
        yield f"{same} are the same network: equal tensors and, with these weights, equal logits"
    else:
        yield f"{seen.architecture} has these tensors"
    yield (
        f"these have the same tensors too and give other logits, or could not be compared: "
        f"{', '.join(seen.rivals)}"
    )


def _input(seen: Recognized, sidecar: Sidecar) -> Iterator[str]:
    values = dict(sidecar.values)
    for key in _INPUT:
        if key == "color" and seen.channels == 1:
            yield "    color: gray            # the layer that sees the image has one plane"
        elif key == "channels" and seen.channels is not None:
            yield f"    channels: {seen.channels}            # of the layer that sees the image"
        elif key in values and _fits(values[key], seen):
            yield f"    {key}: {json.dumps(values[key])}   # says {sidecar.source}"
        else:
            remark = sidecar.remarks.get(key)
            remarks = (f"{sidecar.source}: {remark}",) if remark else ()
            yield from asked("input", key, "    ", *remarks)
    if values.get("resize", "letterbox") == "letterbox":
        yield from asked("input", "pad", "    ")


def _fits(value: object, seen: Recognized) -> bool:
    """Values for each channel have to be as many as there are channels."""
    counts = {None, 1, seen.channels} if seen.channels else {None, 1, 3}
    return (len(value) if isinstance(value, list) else None) in counts


def _output(seen: Recognized) -> Iterator[str]:
    if seen.outputs == 1:
        yield "    kind: logit            # one output of a linear layer; positive = fractured"
        return
    known = () if seen.outputs is None else (f"the network has {seen.outputs} outputs",)
    yield from asked("output", "kind", "    ", *known)
    yield from asked("output", "positive", "    ")
