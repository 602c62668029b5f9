"""Conduct of a qualification: every detector of the catalogue is audited, results are added up."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from xaudit import __version__
from xaudit.audit.store.files import read_json, to_json, write_text
from xaudit.audit.store.lock import alone_in
from xaudit.audit.store.provenance import provenance
from xaudit.core.estimate import Estimate
from xaudit.core.record.qualification import Mode, Qualification, Trial
from xaudit.errors import ConfigError
from xaudit.executors.spawned import begin, safe_path
from xaudit.gate.policies.policy import read_policy
from xaudit.qualification.accusations import check_policy
from xaudit.qualification.catalogue import entries
from xaudit.qualification.studies import STUDIES
from xaudit.qualification.trial import (
    POLICY,
    SIZES,
    Sizes,
    Task,
    carry_out,
    packaged,
    render_study,
)
from xaudit.report.cards.qualification import build_report
from xaudit.report.cards.render import render_html, render_markdown
from xaudit.stats.proportions import clopper_pearson

_SIZES = "sizes.json"
_SAFE_PATH = "PYTHONSAFEPATH"

Tell = Callable[[Trial, int, int], None]
"""Told of every trial when it is finished, with its number and how many there are."""


def qualify(
    folder: Path, mode: Mode, seeds: Sequence[int], workers: int, tell: Tell
) -> Qualification:
    """Audit every detector on the studies of every seed; finished audits are kept.

    Writes ``qualification.json``, ``.html`` and ``.md``. The result does not depend on the
    number of workers: each computes with one thread.

    Args:
        folder: where studies, audits and the report lie.
        mode: "quick" takes fewer detectors, patients and cases.
        seeds: of the studies.
        workers: processes that audit at the same time.
        tell: told of every finished trial.

    Raises:
        ConfigError: the folder holds something else, or another run works in it.
        AuditError: the disk is full or cannot be written.
    """
    sizes = SIZES[mode]
    _settle(folder, sizes)
    policy = check_policy(read_policy(packaged(POLICY)))
    tasks = [
        Task(entry, seed, sizes, folder) for seed in seeds for entry in entries(mode == "quick")
    ]
    with alone_in(folder):
        trials = _carried_out(tasks, workers, tell)
    result = Qualification(
        version=__version__,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        mode=mode,
        sizes=asdict(sizes),
        seeds=tuple(seeds),
        studies={name: kind.says for name, kind in STUDIES.items()},
        policy=policy,
        trials=tuple(trials),
        found=found(trials),
        accused=accused(trials),
        provenance=provenance({}, {}),
    )
    write_text(folder / "qualification.json", to_json(result))
    report = build_report(result)
    write_text(folder / "qualification.html", render_html(report, "qualification.html.j2"))
    write_text(folder / "qualification.md", render_markdown(report))
    return result


def found(trials: Sequence[Trial]) -> Estimate:
    """What share of the planted defects was found? Exact interval over detectors × seeds."""
    rights = [trial.right for trial in trials if trial.subject.planted is not None]
    return clopper_pearson(sum(rights), len(rights))


def accused(trials: Sequence[Trial]) -> Estimate:
    """What share of the sound detectors was accused, or could not be audited?"""
    rights = [trial.right for trial in trials if trial.subject.planted is None]
    return clopper_pearson(len(rights) - sum(rights), len(rights))


def _carried_out(tasks: Sequence[Task], workers: int, tell: Tell) -> list[Trial]:
    """All trials in the order of the tasks; the studies that they share are rendered before."""
    studies = {task.study: task for task in tasks}
    trials: list[Trial] = []
    # Leaving the block ends the workers: what they had not finished is taken up by the next run.
    with safe_path(), multiprocessing.get_context("spawn").Pool(workers, begin, (1,)) as pool:
        pool.map(render_study, studies.values(), chunksize=1)
        for trial in pool.imap(carry_out, tasks):
            trials.append(trial)
            tell(trial, len(trials), len(tasks))
    return trials


def _settle(folder: Path, sizes: Sizes) -> None:
    """Make the folder, or go on in one of a qualification of the same sizes.

    Raises:
        ConfigError: the folder holds something else.
    """
    path = folder / _SIZES
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(
                f"{folder}: is not empty and holds no qualification; choose another --out"
            )
        write_text(path, to_json(sizes))
    elif read_json(path, Sizes) != sizes:
        raise ConfigError(
            f"{folder}: holds a qualification with other sizes (--quick or not); choose another "
            "--out, or delete the folder"
        )
