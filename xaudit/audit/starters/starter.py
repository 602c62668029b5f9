"""A first audit file for a dataset and a set of weights, with a comment at every choice."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import yaml

from xaudit.audit.config.questions import OPEN
from xaudit.audit.starters.hub_starter import hub_text
from xaudit.audit.starters.model_starter import model_text
from xaudit.audit.starters.network_starter import asked, network_text
from xaudit.core.text.printable import in_a_cell
from xaudit.data.recognize import Inspection
from xaudit.models.files.file_kinds import model_format
from xaudit.models.recognize import recognize
from xaudit.models.sidecars.read import read_sidecars

_TEXT = """\
# An audit of {name}. Written by `xaudit init`: answer every question mark, read every line,
# then `xaudit check` it.
name: {name_yaml}
seed: 0

data:
{data}

detector:
  name: {detector}
  version: "1"
  weights: {weights}
{network}
  operating_points:
    # A case is positive above a threshold on the probability (or on the logit).
    - name: default
{point}

explain:
  # Maps cost hundreds of evaluations each, so a stratified sample is explained. With these numbers
  # a run takes well under an hour on two cores with a mobile network; `xaudit check` says how long
  # yours takes, stage by stage, and which number to lower where it is more than an hour.
  cases: 60
  positives: 0.6667
  checks: {{cases: 20}}      # of these, cases in which the maps themselves are checked
  shortcuts: 60            # of these, cases in which lesions and artifacts are erased
  methods:                 # parameters: xaudit methods
    gradcam: {{}}
    integrated_gradients: {{}}
    shap: {{}}
    lime: {{}}

robustness:
  cases: 100               # scored again, degraded
  maps: 20                 # explained again, degraded, by methods of few passes

statistics:
  draws: 2000
  # Share of fractures where the detector will be used, for predictive values. Leave it out if it
  # is not known: they are then given for this study only.
  # prevalence: 0.2

# Rules that the audit must pass, fixed before it runs; see docs/how-to/write-a-policy.md.
# policy: policy.yaml
# What the maker states of the device, for the card.
device: device.yaml
"""


def starter(folder: Path, found: Inspection, weights: Path, out: Path) -> str:
    """The text of an audit file: what can be shown is written, the rest is a question.

    Args:
        folder: of the study.
        found: what was recognized in it.
        weights: safetensors, state_dict, or a model of another format.
        out: where the file will be; paths in it are relative to its folder.

    Raises:
        DetectorError: the weights cannot be read.
    """
    return _TEXT.format(
        name=folder.resolve().name,
        name_yaml=_scalar(folder.resolve().name),
        data=_data(found, _relative(folder, out)),
        detector=_scalar(weights.stem),
        weights=_scalar(_relative(weights, out)),
        network=_network(weights),
        point=_point(),
    )


def _network(weights: Path) -> str:
    name = model_format(weights)
    if name and weights.is_dir():
        return hub_text(weights, name)
    if name:
        return model_text(weights, name)
    return network_text(recognize(weights), read_sidecars(weights))


def _point() -> str:
    keys = ("probability", "origin", "note")
    return "\n".join(line for key in keys for line in asked("operating_points", key, "      "))


def _data(found: Inspection, root: str) -> str:
    spec = found.spec
    lines = [f"  # {line}" for sentence in found.findings for line in _wrapped(sentence)]
    lines += [f"  format: {spec.format}", f"  root: {_scalar(root)}"]
    for name in ("manifest", "name", "patient", "site"):
        value = getattr(spec, name)
        if value:
            lines.append(f"  {name}: {_scalar(str(value))}")
    for name in ("groups", "positive", "split"):
        values = getattr(spec, name)
        if values:
            lines.append(f"  {name}: [{', '.join(map(_scalar, values))}]")
    # Among the sentences is then the question which values mean fractured.
    if not spec.positive and any("data.positive" in finding for finding in found.findings):
        lines.append(f'  positive: "{OPEN}"')
    if spec.columns:
        lines.append("  columns:")
        lines += [f"    {role}: {_scalar(name)}" for role, name in spec.columns.items()]
    if spec.options:
        lines.append("  options:")
        lines += [f"    {name}: {_option(value)}" for name, value in spec.options.items()]
    lines += [
        "  # For the card: where the images come from, under which terms, and when they were made.",
        '  source: ""',
        '  license: ""',
        '  dates: ""',
    ]
    return "\n".join(lines)


def _wrapped(sentence: str) -> list[str]:
    """A sentence in lines of a comment; names of files may hold anything."""
    return textwrap.wrap(in_a_cell(sentence), 96, break_long_words=False, break_on_hyphens=False)


def _option(value: object) -> str:
    return _scalar(value) if isinstance(value, str) else str(value).lower()


def _scalar(text: str) -> str:
    return yaml.safe_dump(text, default_style='"', width=10_000).strip()


def _relative(path: Path, out: Path) -> str:
    return Path(os.path.relpath(path.resolve(), out.resolve().parent)).as_posix()
