"""``xaudit verify``: whether an audit or a card is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.console import say, tell
from xaudit.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from xaudit.audit.verify import Check


def verify(
    target: Annotated[Path, typer.Argument(help="Folder of a finished audit, or a card (HTML).")],
    weights: Annotated[
        Path | None, typer.Option(help="The detector's weights: are they the audited ones?")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public key (PEM) of somebody who must have signed.")
    ] = None,
) -> None:
    """Make every printed number anew from the per-case results, and compare every hash.

    A card alone is compared with the record inside of it. Needs neither the detector's libraries
    nor the images. Exit code 0: nothing differs; 1: something does, and what; 2: wrong usage.
    """
    if weights is not None and not target.is_dir():
        raise ConfigError("--weights applies to an audit's folder, not to a card alone")
    from xaudit.audit.signature import signed_by
    from xaudit.audit.verify import findings_hash, verify_card, verify_folder

    checks = verify_folder(target, weights) if target.is_dir() else verify_card(target)
    checks = (*checks, _signature(target, key))
    differ = [check for check in checks if check.differences]
    for check in checks:
        _print(check)
    if differ:
        count = sum(len(check.differences) for check in differ)
        tell(f"{count} differences: this is not what was audited, or not what was printed")
        raise typer.Exit(ExitCode.FAIL)
    if key is not None:
        one = signed_by(target, key)[-1]
        tell(f"signed by {one.name}, {one.role}, {one.signed_at}")
    tell(f"nothing differs; findings SHA-256 {findings_hash(target)}")


def _signature(target: Path, key: Path | None) -> Check:
    from xaudit.audit.signature import place_of, signature_differences
    from xaudit.audit.verify import Check

    if key is not None:
        return Check("signature", tuple(signature_differences(target, key)))
    there = place_of(target).exists()
    why = "there is one; name a public key with --key" if there else "there is none"
    return Check("signature", left_out=why)


def _print(check: Check) -> None:
    if check.left_out:
        say(f"not compared: {check.name}: {check.left_out}")
        return
    tell(f"{'differs' if check.differences else 'same'}: {check.name}")
    for line in check.differences:
        tell(f"  {line}")
