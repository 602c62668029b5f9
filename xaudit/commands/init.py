"""``xaudit init``: a first audit file for a dataset and a set of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.terminal.console import say, tell
from xaudit.errors import ConfigError


def init(
    dataset: Annotated[Path, typer.Argument(help="Folder of the study.")],
    model: Annotated[
        Path, typer.Option(help="Weights: safetensors or a state_dict; or an ONNX model.")
    ],
    format: Annotated[
        str | None,
        typer.Option(help="Layout of the study, where several fit; found out if left out."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The audit file to write.")] = Path("audit.yaml"),
) -> None:
    """Look at a dataset and weights, and write an annotated audit file and device.yaml to edit.

    Beside them, init-examples.png shows five images with their outlines.
    """
    if out.exists():
        raise ConfigError(f"{out}: exists; choose another --out, it is not written over")
    from xaudit.audit.starters.device_starter import device_text
    from xaudit.audit.starters.starter import starter
    from xaudit.audit.store.files import write_text
    from xaudit.data.study.examples import write_examples
    from xaudit.data.study.inspect import inspect_dataset

    found = inspect_dataset(dataset, format)
    write_text(out, starter(dataset, found, model, out))
    tell(str(out))
    device = out.with_name("device.yaml")
    if not device.exists():
        write_text(device, device_text())
    tell(str(device))
    picture = out.with_name("init-examples.png")
    if not picture.exists() and write_examples(found.preview or found.spec, picture):
        tell(str(picture))
        say(f"are the outlines in {picture} right?")
    say(f"next: edit it, then xaudit check {out}")
