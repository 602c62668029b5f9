"""Cost of a run: a rehearsal scaled up to the plan, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xaudit.audit.plan.plan import Plan
from xaudit.audit.store.store import MapRow
from xaudit.pipeline.rehearsal import Rehearsed, Spent
from xaudit.pipeline.workload import MAPS, workload

START = "start"


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage of a run will cost.

    Attributes:
        name: of the stage; "maps: NAME" for the maps of a method.
        times: how many units of `workload` it has.
        spent: images passed and seconds, for all of them.
    """

    name: str
    times: float
    spent: Spent


def run_cost(plan: Plan, rehearsed: Rehearsed) -> tuple[StageCost, ...]:
    """The cost of every stage that is not switched off, in the order of a run.

    Args:
        plan: of the audit, or like it with other numbers of cases.
        rehearsed: on some of its cases.
    """
    times = workload(plan, rehearsed.layers)
    stages = [StageCost(START, 1, rehearsed.start)]
    for name, each in rehearsed.each.items():
        if times.get(name):
            whole = StageCost(name, times[name], each.times(times[name]))
            stages += _by_method(whole, rehearsed.maps) if name == MAPS else [whole]
    return tuple(stages)


def seconds_of(stages: Sequence[StageCost]) -> float:
    """How long all of it takes."""
    return sum(stage.spent.seconds for stage in stages)


def rest_of(stages: Sequence[StageCost]) -> float:
    """How many seconds all of it takes at most, if the machine has nothing else to do."""
    return sum(stage.spent.rest for stage in stages)


def _by_method(whole: StageCost, maps: Sequence[MapRow]) -> Iterator[StageCost]:
    """The stage divided among methods by what each paid for; a backward pass weighs two."""
    names = list(dict.fromkeys(row.method for row in maps))
    forward = _shares([sum(row.forward - row.shared for row in maps if row.method == name)
                       for name in names])  # fmt: skip
    backward = _shares([sum(row.backward for row in maps if row.method == name) for name in names])
    spent = whole.spent
    own = [
        Spent(ahead * spent.forward, back * spent.backward)
        for ahead, back in zip(forward, backward, strict=True)
    ]
    time = _shares([one.forward + 2 * one.backward for one in own])
    for name, one, share in zip(names, own, time, strict=True):
        parts = replace(one, seconds=share * spent.seconds, rest=share * spent.rest)
        yield StageCost(f"{MAPS}: {name}", whole.times, parts)


def _shares(amounts: Sequence[float]) -> list[float]:
    """Of their sum; equal ones of nothing."""
    whole = sum(amounts)
    return [amount / whole if whole else 1 / len(amounts) for amount in amounts]
