"""``xaudit compare``: what changed from one audit to another, or in the population since one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.options.trust import AllowCode, Env, InSandbox, untold
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import tell
from xaudit.errors import ConfigError
from xaudit.report.language.translation import SOURCE, speaking

if TYPE_CHECKING:
    from xaudit.audit.config.read_config import Overrides


def compare(  # noqa: PLR0913, PLR0917  one for each option
    old: Annotated[Path, typer.Argument(help="Folder of the audit to compare with.")],
    new: Annotated[
        Path | None, typer.Argument(help="Folder of the audit that is compared.")
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a second audit: a cohort file (YAML), of a study without "
            "labels. Its images are scored by the detector of the audit."
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --cohort: the weights that were audited.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="With --cohort: folder of the study, instead of the file's.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where the HTML goes; Markdown and JSON go beside it.")
    ] = Path("changes.html"),
    allow_code: AllowCode = None,
    sandbox: InSandbox = None,
    env: Env = None,
    unverified: Unverified = False,
    language: Language = SOURCE,
) -> None:
    """Write a change report: what changed on the cases that both audits have.

    Needs neither detector nor images, except with --cohort: whether scores and images of a study
    without labels differ from those of the audit, and nothing of performance. A comparison judges
    nothing: its exit code is 0.
    """
    from xaudit.audit.config.read_config import Overrides

    if (new is None) == (cohort is None):
        raise ConfigError("expected a second audit, or --cohort FILE, and not both")
    given = Overrides(data=data, weights=weights, allow_code=tuple(allow_code or ()),
                      env=tuple(env or ()), sandbox=sandbox)  # fmt: skip
    if new is not None and given != Overrides():
        raise ConfigError("--weights, --data, --allow-code, --sandbox and --env need --cohort: two "
                          "audits are compared without the detector")  # fmt: skip
    with speaking(language), untold(given.env):
        if cohort is not None:
            said = _cohort(out, old, cohort, given, unverified)
        elif new is not None:
            said = _audits(out, old, new, unverified)
        for sentence in said:
            tell(sentence)
    tell(str(out))


def _audits(out: Path, old: Path, new: Path, unverified: bool) -> tuple[str, ...]:
    from xaudit.compare.compare import compare as compare_audits
    from xaudit.report.cards.render import render_html, render_markdown
    from xaudit.report.changes.changes import build_changes

    changes = compare_audits(old, new, unverified)
    report = build_changes(changes)
    _write(out, changes, render_html(report), render_markdown(report))
    return ()


def _cohort(
    out: Path, audit: Path, cohort: Path, given: Overrides, unverified: bool
) -> tuple[str, ...]:
    """The same of a cohort; what it says, for the terminal."""
    from xaudit.cohort.shift import compare_cohort
    from xaudit.report.cards.render import render_html, render_markdown
    from xaudit.report.changes.cohort import build_cohort

    shift = compare_cohort(audit, cohort, given, unverified)
    report = build_cohort(shift)
    _write(out, shift, render_html(report), render_markdown(report))
    return (*(answer.text for answer in report.answers), *report.warnings)


def _write(out: Path, thing: object, page: str, text: str) -> None:
    from xaudit.audit.store.files import to_json, write_text

    write_text(out, page)
    write_text(out.with_suffix(".md"), text)
    write_text(out.with_suffix(".json"), to_json(thing))
