import threading

import pytest

from xaudit.executors.serial import ahead


def test_results_come_in_order():
    assert list(ahead(lambda piece: piece * piece, range(5))) == [0, 1, 4, 9, 16]
    assert list(ahead(str, [])) == []


def test_the_next_one_is_begun_while_one_is_used_and_none_beyond():
    begun = [threading.Event() for _ in range(4)]

    def work(piece):
        begun[piece].set()
        return piece

    for piece in ahead(work, range(4)):
        if piece < 3:
            assert begun[piece + 1].wait(10)
        assert not any(event.is_set() for event in begun[piece + 2 :])


def test_what_the_work_raises_comes_where_its_result_would():
    def work(piece):
        if piece == 1:
            raise OSError("gone")
        return piece

    results = ahead(work, range(3))
    assert next(results) == 0
    with pytest.raises(OSError, match="gone"):
        next(results)
