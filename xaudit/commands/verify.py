"""``xaudit verify``: whether an audit or a card is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.terminal.console import say, tell
from xaudit.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from xaudit.provenance.signature import Statement
    from xaudit.verify.verify import Check


def verify(
    target: Annotated[Path, typer.Argument(help="Folder of a finished audit, or a card (HTML).")],
    weights: Annotated[
        Path | None, typer.Option(help="The detector's weights: are they the audited ones?")
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(help="Folder of another run of the same plan: did it score the same?"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public key (PEM) of somebody who must have signed.")
    ] = None,
    no_key: Annotated[
        bool, typer.Option("--no-key", help="Pass although nobody's signature is checked.")
    ] = False,
) -> None:
    """Recompute every printed number from the per-case results, and compare every hash.

    A card alone is compared with the record inside of it. Needs neither the detector's libraries
    nor the images. Exit code 0: nothing differs; 1: something does, and what; 4: nothing does, but
    a signature was not checked, or does not speak of a verdict, a card or a ledger that lies there;
    2: wrong usage.
    """
    from xaudit.provenance.signature import signed_by
    from xaudit.verify.verify import findings_hash

    if key is not None and no_key:
        raise ConfigError("--key and --no-key: a signature is checked or it is not")
    checks = (*_checks(target, weights, again), _signature(target, key))
    for check in checks:
        _print(check)
    count = sum(len(check.differences) for check in checks)
    if count:
        tell(f"{count} differences: this is not what was audited, or not what was printed")
        raise typer.Exit(ExitCode.FAIL)
    signed = signed_by(target, key)[-1] if key is not None else None
    if signed is not None:
        tell(f"signed by {signed.name}, {signed.role}, {signed.signed_at}")
    unsettled = _unsettled(target, signed, no_key)
    for line in unsettled:
        tell(line)
    tell(f"nothing differs; findings SHA-256 {findings_hash(target)}")
    if unsettled:
        raise typer.Exit(ExitCode.INCONCLUSIVE)


def _checks(target: Path, weights: Path | None, again: Path | None) -> tuple[Check, ...]:
    from xaudit.verify.verify import verify_card, verify_folder
    from xaudit.verify.verify_again import another_run

    if target.is_dir():
        checks = verify_folder(target, weights)
        return checks if again is None else (*checks, another_run(target, again))
    if weights is not None:
        raise ConfigError("--weights applies to an audit's folder, not to a card alone")
    if again is not None:
        raise ConfigError("--again compares two audits' folders, not a card alone")
    return verify_card(target)


def _signature(target: Path, key: Path | None) -> Check:
    from xaudit.provenance.signature import place_of, signature_differences
    from xaudit.verify.verify import Check

    if key is not None:
        return Check("signature", tuple(signature_differences(target, key)))
    there = place_of(target).exists()
    why = "there is one, and nobody said whose" if there else "there is none"
    return Check("signature", left_out=why)


def _unsettled(target: Path, signed: Statement | None, no_key: bool) -> list[str]:
    """Why nothing differs and it is no pass all the same; what nobody answers for is named."""
    from xaudit.audit.store.hashes import LATE_FILES
    from xaudit.provenance.signature import place_of, uncovered
    from xaudit.verify.verify import MADE_ANEW

    lines = []
    if signed is None and not no_key and place_of(target).exists():
        lines.append(
            f"not settled: {place_of(target).name} holds a signature that was not checked; name "
            "the public key with --key, or say --no-key"
        )
    beside = uncovered(target, signed.files if signed else MADE_ANEW) if target.is_dir() else ()
    if beside:
        say(f"under no hash{' and no signature' if signed else ''}: {', '.join(beside)}")
    late = [name for name in beside if name in LATE_FILES]
    if signed is not None and late:
        lines.append(
            f"not settled: {signed.name} did not sign {', '.join(late)}; sign again, or take away "
            "what was written since"
        )
    return lines


def _print(check: Check) -> None:
    if check.left_out:
        say(f"not compared: {check.name}: {check.left_out}")
        return
    tell(f"{'differs' if check.differences else 'same'}: {check.name}")
    for line in check.differences:
        tell(f"  {line}")
