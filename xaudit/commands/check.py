"""``xaudit check``: every mistake before any compute, and what the audit will cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.profile import Profile, chosen_limit


def check(  # noqa: PLR0913, PLR0917  (an option each)
    config: Annotated[Path, typer.Argument(help="Audit file, see `xaudit init`.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the study, if elsewhere.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if elsewhere.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="As for `xaudit run`.")] = None,
    cases: Annotated[int | None, typer.Option(min=0, help="As for `xaudit run`.")] = None,
    split: Annotated[list[str] | None, typer.Option(help="As for `xaudit run`.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="As for `xaudit run`.")] = None,
    policy: Annotated[Path | None, typer.Option(help="As for `xaudit run`.")] = None,
) -> None:
    """Validate everything, list all mistakes at once, and preview the cost.

    Exit code 0 if the audit can run, 2 if it cannot.
    """
    from xaudit.audit.predictions_config import audits_predictions
    from xaudit.audit.read_config import Overrides
    from xaudit.commands.preview import print_predictions, print_preview

    positives = 1.0 if profile else None
    overrides = Overrides(data, weights, cases, tuple(split or ()), positives, policy=policy)
    size = chosen_limit(limit, profile)
    # Only an audit of a network needs the detector's libraries, which are slow to start.
    if audits_predictions(config):
        from xaudit.audit.predictions import plan_predictions

        print_predictions(plan_predictions(config, overrides, size))
        return
    from xaudit.audit.check import check_audit

    print_preview(check_audit(config, overrides, size))
