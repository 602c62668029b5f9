"""The part of a first audit file that speaks of the network: what is certain, and what is asked."""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from xaudit.audit.config.questions import OPEN, QUESTIONS
from xaudit.core.text.printable import printable
from xaudit.models.recognize import Recognized
from xaudit.models.sidecars.sidecar_facts import Sidecar

_INPUT = ("height", "width", "color", "channels", "resize", "crop_pct", "interpolation", "mean",
          "std", "intensity")  # fmt: skip


def network_text(seen: Recognized, sidecars: Sequence[Sidecar] = ()) -> str:
    """Lines for `detector`: architecture, arguments, input and output.

    Args:
        seen: what the tensors show.
        sidecars: what files beside the weights say.
    """
    return "\n".join(
        [
            *_states(seen),
            *_architecture(seen, sidecars),
            "  input:",
            "    # How your training code prepared an image; `xaudit check` notices some wrong",
            "    # declarations, not all. Values enter the network as (x - mean) / std.",
            *input_lines(seen, sidecars),
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
        yield from comment(text, indent)
    yield f'{indent}{key}: "{OPEN}"'


def comment(text: str, indent: str) -> list[str]:
    """Lines of a comment.

    Args:
        text: of any origin.
        indent: of each line.
    """
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
        yield from comment("only these entries are taken; all others are left out", "  ")
        yield f"  weights_prefix: {json.dumps(seen.prefix)}"


def _architecture(seen: Recognized, sidecars: Sequence[Sidecar]) -> Iterator[str]:
    if seen.architecture is None:
        why = "no classification model of torchvision or timm that is known here has these tensors"
        yield from asked("", "architecture", "  ", why)
        return
    fitting = (seen.architecture, *seen.alike, *seen.rivals)
    named = next((sidecar for sidecar in sidecars if sidecar.architecture in fitting), None)
    if named is not None:
        yield from comment(f"recognized by its tensors, and named in {named.source}", "  ")
        yield f"  architecture: {named.architecture}"
    elif seen.rivals:
        yield from asked("", "architecture", "  ", *_rivals(seen))
    else:
        yield from comment("recognized by its tensors", "  ")
        if seen.alike:
            same = f"the same tensors and, with these weights, logits: {', '.join(seen.alike)}"
            yield from comment(same, "  ")
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


def input_lines(seen: Recognized, sidecars: Sequence[Sidecar]) -> Iterator[str]:
    """Lines for `detector.input`: what is known, and questions.

    Args:
        seen: what the tensors show.
        sidecars: what files beside the weights say.
    """
    answers = {key: _answer(key, seen, sidecars) for key in _INPUT}
    shared = _shared(answers)
    for remark in shared:
        yield from comment(remark, "    ")
    for key, answer in answers.items():
        if key == "color" and seen.channels == 1:
            yield "    color: gray            # the layer that sees the image has one plane"
        elif key == "channels" and seen.channels is not None:
            yield f"    channels: {seen.channels}            # of the layer that sees the image"
        elif isinstance(answer, _Answer):
            yield f"    {key}: {json.dumps(answer.value)}   # says {answer.sources}"
        elif key != "crop_pct":
            yield from asked("input", key, "    ", *(one for one in answer if one not in shared))
    resize = answers["resize"]
    if not isinstance(resize, _Answer) or resize.value == "letterbox":
        yield from asked("input", "pad", "    ")


@dataclass(frozen=True, slots=True)
class _Answer:
    value: object
    sources: str


def _answer(key: str, seen: Recognized, sidecars: Sequence[Sidecar]) -> _Answer | list[str]:
    """What the files say of a key; where they disagree or one is in doubt, what each says."""
    open_in = [sidecar for sidecar in sidecars if key in sidecar.remarks]
    remarks = [f"{one.source}: {one.remarks[key]}" for one in open_in]
    doubted = any(one.doubts for one in open_in)
    told = [(sidecar.source, value) for sidecar in sidecars
            if (value := sidecar.values.get(key)) is not None and _fits(value, seen)]  # fmt: skip
    if told and not doubted and all(_same(value, told[0][1]) for _, value in told):
        return _Answer(told[0][1], ", ".join(source for source, _ in told))
    return remarks + [f"{source}: it says {json.dumps(value)}" for source, value in told]


def _shared(answers: Mapping[str, _Answer | list[str]]) -> list[str]:
    """Remarks on several keys: they are told once, before all questions."""
    asked_of = Counter(
        remark for one in answers.values() if isinstance(one, list) for remark in set(one)
    )
    return [remark for remark, keys in asked_of.items() if keys > 1]


def _same(one: object, other: object) -> bool:
    """Whether two files mean one value: a list of equal numbers is that number."""
    if not isinstance(one, list) or not isinstance(other, list):
        return one == other
    single = 1 in {len(one), len(other)}
    pairs = list(product(one, other)) if single else list(zip(one, other, strict=False))
    alike = all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) for a, b in pairs)
    return alike and (single or len(one) == len(other))


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
