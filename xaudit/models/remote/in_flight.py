"""Several questions under way at once; answers in the order of the questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


def in_order(ask: Callable[[Q], A], questions: Sequence[Q], parallel: int) -> list[A]:
    """Ask all questions, at most so many at once.

    Args:
        ask: may be called from several threads.
        questions: any number.
        parallel: at most so many at once.

    Returns:
        The answers, in the order of the questions.

    Raises:
        BaseException: the first that a question raised; questions that have not begun are left.
    """
    if parallel == 1 or len(questions) < 2:
        return [ask(question) for question in questions]
    waiting, answers = SimpleQueue[int](), SimpleQueue[tuple[int, A | BaseException]]()
    stopped = threading.Event()
    for place in range(len(questions)):
        waiting.put(place)

    def work() -> None:
        while not stopped.is_set():
            try:
                place = waiting.get(block=False)
            except Empty:  # another thread was faster
                return
            try:
                answers.put((place, ask(questions[place])))
            except BaseException as error:
                answers.put((place, error))

    # Whoever interrupts the run does not wait for answers: nothing joins these.
    for _ in range(min(parallel, len(questions))):
        threading.Thread(target=work, daemon=True).start()
    return _collected(answers, len(questions), stopped)


def _collected(
    answers: SimpleQueue[tuple[int, A | BaseException]], count: int, stopped: threading.Event
) -> list[A]:
    found: dict[int, A] = {}
    try:
        while len(found) < count:
            place, answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            found[place] = answer
    finally:
        stopped.set()
    return [found[place] for place in range(count)]
