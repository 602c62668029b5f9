"""Many methods on many cases at once: what they ask of the detector is put together."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Generic, TypeVar

from xaudit.core.attribution import AttributionMap
from xaudit.core.case import PreparedCase
from xaudit.errors import DetectorLostError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.passes import Direct, Pass, PassAnswer
from xaudit.explain.port import Context, Explainer, Steps

_CASES_AT_ONCE = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One method on one case."""

    case: PreparedCase
    explainer: Explainer


@dataclass(frozen=True, slots=True, eq=False)
class JobResult:
    """The map of a job, or why there is none.

    Attributes:
        attribution: with what it cost; None if the method failed.
        error: what it failed with.
    """

    job: Job
    attribution: AttributionMap | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Work(Generic[T]):
    """Anything about one case that wants to know what the detector says; see `port.Steps`."""

    case: PreparedCase
    steps: Generator[Sequence[Pass] | Direct, Any, T]


@dataclass(frozen=True, slots=True, eq=False)
class Done(Generic[T]):
    """What work came to, or what it failed with."""

    result: T | None = None
    error: Exception | None = None


_Memo = dict[tuple[str, Hashable], PassAnswer]


@dataclass(slots=True, eq=False)
class _Running(Generic[T]):
    """Work that has begun."""

    work: Work[T]
    wants: Sequence[Pass] | Direct = ()
    forward: int = 0
    backward: int = 0
    shared: int = 0
    reduced: bool = False
    done: Done[T] | None = None
    answers: list[PassAnswer] = field(default_factory=list)

    def advance(self, sent: object) -> None:
        """Let the method work until it asks again or is done."""
        try:
            self.wants = self.work.steps.send(sent)
        except StopIteration as stop:
            self.done = Done(stop.value)
        except DetectorLostError:
            raise
        # Whatever a method or a library raises besides concerns this work alone.
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        self.work.steps.close()
        self.done = Done(error=error)

    def place(self, asked: Pass) -> tuple[str, Hashable] | None:
        return None if asked.key is None else (self.work.case.case.case_id, asked.key)


def explain_all(evaluator: Evaluator, jobs: Sequence[Job], context: Context) -> Iterator[JobResult]:
    """Explain cases; outcomes come in the order of the jobs.

    See `carry_out`.

    Args:
        evaluator: the door to the detector.
        jobs: those of one case stand together.
        context: seeds and background.
    """
    works = [Work(job.case, _begin(job, context)) for job in jobs]
    for job, one in zip(jobs, _carry_out(evaluator, works, context), strict=True):
        assert one.done is not None
        yield JobResult(job, _accounted(one), one.done.error)


def carry_out(
    evaluator: Evaluator, works: Sequence[Work[T]], context: Context
) -> Iterator[Done[T]]:
    """Let work about cases ask the detector together; results come in the order of the works.

    A few cases are at work together, so that their passes fill batches and memory stays flat.
    Passes of one case with the same key are made once. Work that fails, fails alone.

    Args:
        evaluator: the door to the detector.
        works: those about one case stand together.
        context: forgets what was made for a case when it is done.
    """
    for one in _carry_out(evaluator, works, context):
        assert one.done is not None
        yield one.done


def _carry_out(
    evaluator: Evaluator, works: Sequence[Work[T]], context: Context
) -> Iterator[_Running[T]]:
    cases = [list(group) for _, group in groupby(works, lambda work: work.case.case.case_id)]
    for start in range(0, len(cases), _CASES_AT_ONCE):
        together = [work for case in cases[start : start + _CASES_AT_ONCE] for work in case]
        yield from _together(evaluator, together)
        context.forget()


def _together(evaluator: Evaluator, works: Sequence[Work[T]]) -> Sequence[_Running[T]]:
    running = [_Running(work) for work in works]
    memo: _Memo = {}
    for one in running:
        one.advance(None)
    while active := [one for one in running if one.done is None]:
        direct = [one for one in active if isinstance(one.wants, Direct)]
        asking = [one for one in active if not isinstance(one.wants, Direct)]
        for one in direct:
            _call(evaluator, one)
        _answer(evaluator, asking, memo)
    return running


def _accounted(one: _Running[AttributionMap]) -> AttributionMap | None:
    """The map with what it cost and how it was computed."""
    attribution = one.done.result if one.done else None
    if attribution is None:
        return None
    format_used = {"precision": "bfloat16"} if one.reduced else {}
    return replace(
        attribution,
        params={**attribution.params, **format_used},
        forward=one.forward,
        backward=one.backward,
        shared=one.shared,
    )


def _begin(job: Job, context: Context) -> Steps:
    """A method at work from its first line on, so that every error comes the same way."""
    attribution = yield from job.explainer.explain(job.case, context)
    came, expected = attribution.values.shape, job.case.inside.shape
    if came != expected:
        raise ValueError(f"the map has {came} pixels, the input grid has {expected}")
    return attribution


def _call(evaluator: Evaluator, one: _Running[Any]) -> None:
    assert isinstance(one.wants, Direct)
    try:
        with evaluator.counted() as cost:
            result = one.wants.call(evaluator)
    except DetectorLostError:
        raise
    except Exception as error:
        one.fail(error)
        return
    one.forward += cost.forward
    one.backward += cost.backward
    one.advance(result)


def _answer(evaluator: Evaluator, asking: Sequence[_Running[Any]], memo: _Memo) -> None:
    """Carry out what these jobs ask for, together if possible, else one by one."""
    try:
        _evaluate(evaluator, asking, memo)
    except DetectorLostError:
        raise
    except Exception as error:
        if len(asking) == 1:
            asking[0].fail(error)
            return
        for one in asking:
            _answer(evaluator, [one], memo)
    else:
        for one in asking:
            one.advance(one.answers)


def _evaluate(evaluator: Evaluator, asking: Sequence[_Running[Any]], memo: _Memo) -> None:
    asked = [(one, want) for one in asking for want in _passes(one)]
    keyed: dict[tuple[str, Hashable], Pass] = {}
    for one, want in asked:
        place = one.place(want)
        if place is not None and not _serves(memo.get(place), want):
            keyed[place] = _united(keyed.get(place), want)
    alone = [want for one, want in asked if want.key is None]
    results = evaluator.answer([*keyed.values(), *alone])
    memo.update(zip(keyed, results, strict=False))
    own = dict(zip(map(id, alone), results[len(keyed) :], strict=True))
    for one in asking:
        one.answers = []
    for one, want in asked:
        place = one.place(want)
        answer = own[id(want)] if place is None else memo[place]
        one.answers.append(answer)
        one.reduced |= answer.reduced
        paid = place is None or keyed.pop(place, None) is not None
        _charge(one, want, paid)


def _passes(one: _Running[Any]) -> Sequence[Pass]:
    assert not isinstance(one.wants, Direct)
    return one.wants


def _charge(one: _Running[Any], want: Pass, paid: bool) -> None:
    count = len(want.inputs)
    one.forward += count
    one.backward += count * (want.gradients or want.features)
    one.shared += 0 if paid else count


def _serves(answer: PassAnswer | None, want: Pass) -> bool:
    return (
        answer is not None
        and (answer.gradients is not None or not want.gradients)
        and (answer.features is not None or not want.features)
    )


def _united(one: Pass | None, other: Pass) -> Pass:
    if one is None:
        return other
    return replace(
        one,
        gradients=one.gradients or other.gradients,
        features=one.features or other.features,
        rough=one.rough and other.rough,
    )
