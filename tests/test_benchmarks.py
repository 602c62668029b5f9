"""What benchmarks read from their measurements."""

import runpy
from pathlib import Path

import numpy as np
import pytest

measuring = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "measuring.py"))
MAP = np.array([3.0, 4.0])


def test_error_is_relative_to_the_reference():
    assert measuring["error"](MAP * 1.5, MAP) == pytest.approx(0.5)


@pytest.mark.parametrize("truth", [np.zeros(2), np.array([np.nan, 1]), np.array([np.inf, 1])])
def test_a_reference_without_a_value_is_refused(truth):
    with pytest.raises(ValueError, match="no error can be relative to it"):
        measuring["error"](MAP, truth)


def test_films_without_references_are_left_out_and_named():
    films, said = measuring["usable"]({
        "shap": [MAP, np.zeros(2), MAP], "lime": [MAP, np.full(2, np.nan), MAP],
    })  # fmt: skip
    assert films == [0, 2]
    assert said == [
        "film 1 is left out, its reference of shap is zero everywhere and lime is not finite"
    ]


def test_budgets_are_read_only_where_the_error_is_reached():
    points = [(8, 0.2), (16, 0.05), (32, 0.06)]
    cheapest = measuring["cheapest"]
    assert cheapest(points, 0.1) == (16, 0.05)
    assert cheapest(points, None) == (8, 0.2)
    assert cheapest(points, 0.01) is None
    assert cheapest(points, float("nan")) is None


def test_sides_take_turns_and_a_disturbed_turn_does_not_count(monkeypatch):
    clock, called = [0.0], []
    monkeypatch.setattr(measuring["time"], "perf_counter", lambda: clock[0])

    def side(name, seconds):
        def call():
            called.append(name)
            # The third turn of each is disturbed.
            clock[0] += 100.0 if called.count(name) == 3 else seconds

        return call

    medians = measuring["interleaved"]({"one": side("one", 1.0), "other": side("other", 2.0)})
    assert medians == {"one": 1.0, "other": 2.0}
    assert called == ["one", "other"] * 5
    with pytest.raises(ValueError, match="at least 5 turns"):
        measuring["interleaved"]({}, 3)


def test_the_machine_is_named_with_kernels_and_threads():
    assert "kernels for" in measuring["machine"]()
    assert measuring["machine"]().endswith("threads")
