"""The command line: one file for each command, all of them thin.

A command's file holds its options and its help. What it does is imported when it does it, so that
help and a mistyped command start in a moment.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from xaudit import __version__
from xaudit.commands import (
    card,
    check,
    compare,
    demo,
    export,
    gate,
    init,
    listings,
    policy,
    qualify,
    run,
    scrub,
    show,
    sign,
    verify,
)
from xaudit.commands.terminal.console import complain, say
from xaudit.errors import ExitCode, XauditError

# typer brings a click of its own in newer versions, and uses the installed one in older ones.
_WRONG_USAGE: Any = next(
    one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException"
)

app = typer.Typer(
    name="xaudit",
    help="Decide whether a bone-fracture detector may be released, and show why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(init.init)
app.command()(check.check)
app.command()(run.run)
app.command()(gate.gate)
app.command()(policy.policy)
app.command()(card.card)
app.command()(compare.compare)
app.command()(verify.verify)
app.command()(sign.sign)
app.command()(scrub.scrub)
app.command()(export.export)
app.command()(show.show)
app.command()(listings.methods)
app.command()(listings.metrics)
app.command()(qualify.qualify)
app.command()(listings.schema)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"xaudit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows ``xaudit``; the process's own by default.

    Returns:
        The exit code; see `xaudit.errors.ExitCode`.
    """
    try:
        code = _run(arguments)
    except SystemExit as error:
        # Of code that is not ours: a process that ends with 0 would look like a pass.
        complain(f"code that xaudit called ended the program (exit {error.code})")
        code = ExitCode.AUDIT_FAILED
    if code == ExitCode.INTERRUPTED:
        complain("interrupted; what was complete is kept, run the same command again to go on")
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except XauditError as error:
        complain(str(error))
        return error.exit_code
    except _WRONG_USAGE as error:
        complain(error.format_message())
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.AUDIT_FAILED
    except Exception:
        complain("xaudit itself failed; what was complete is kept. Please report this:")
        say(traceback.format_exc().rstrip())
        return ExitCode.AUDIT_FAILED
    # Newer versions of typer catch Ctrl-C themselves and return its code.
    return result if isinstance(result, int) else ExitCode.PASS
