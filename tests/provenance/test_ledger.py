import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.errors import ConfigError
from xaudit.provenance.ledger import FIRST, Use, append_use, read_ledger, uses_before

STUDY, OTHER = "1" * 64, "2" * 64


def use(plan, study=STUDY, event="run"):
    return Use(event, study, plan, "d 1", None, "pass")


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "deep" / "ledger.jsonl"
    for plan in ("a", "b", "c", "d"):
        append_use(path, use(plan))
    return path


def test_lines_are_chained_from_the_first(ledger):
    uses = read_ledger(ledger)
    assert [one.plan for one in uses] == ["a", "b", "c", "d"]
    assert [one.previous for one in uses] == [FIRST, *(one.sha256 for one in uses[:-1])]
    assert all(one.when and one.version for one in uses)


def test_no_ledger_is_an_empty_one(tmp_path):
    assert read_ledger(tmp_path / "none.jsonl") == ()


def lines_of(ledger):
    return ledger.read_text("utf-8").splitlines(keepends=True)


@pytest.mark.parametrize(
    ("tamper", "line", "message"),
    [
        (lambda some: [some[0], some[1].replace('"pass"', '"fail"'), *some[2:]], 2, "was changed"),
        (lambda some: [some[0], *some[2:]], 2, "does not follow"),
        (lambda some: some[1:], 1, "does not follow"),
        (lambda some: [some[0], some[2], some[1], some[3]], 2, "does not follow"),
        (lambda some: [*some, some[0]], 5, "does not follow"),
        (lambda some: [*some, "not JSON\n"], 5, "is no line"),
        (lambda some: [*some[:3], some[3][:-20]], 4, "cut off"),
    ],
)
def test_tampering_is_told_with_its_line(ledger, tamper, line, message):
    ledger.write_text("".join(tamper(lines_of(ledger))), encoding="utf-8")
    before = ledger.read_bytes()
    for attempt in (lambda: read_ledger(ledger), lambda: append_use(ledger, use("e"))):
        with pytest.raises(ConfigError, match=f"ledger.jsonl:{line}: .*{message}"):
            attempt()
    assert ledger.read_bytes() == before


def test_line_that_was_changed_and_hashed_anew_breaks_the_chain(ledger):
    some = lines_of(ledger)
    forged = replace(read_ledger(ledger)[1], result="fail")
    forged = forged.sealed(forged.previous)
    some[1] = json.dumps({name: getattr(forged, name) for name in Use.__slots__}) + "\n"
    ledger.write_text("".join(some), encoding="utf-8")
    with pytest.raises(ConfigError, match=":3: does not follow"):
        read_ledger(ledger)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed(tmp_path_factory, place, change):
    folder = tmp_path_factory.mktemp("ledger")
    path = folder / "l.jsonl"
    append_use(path, use("a"))
    append_use(path, use("b"))
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= change
    path.write_bytes(bytes(content))
    try:
        found = read_ledger(path)
    except ConfigError:
        return
    # Only how the same line is written may differ, such as a space for a tab between two words.
    assert [one.plan for one in found] == ["a", "b"]
    assert found[0].sha256 == found[1].previous


def test_other_audits_of_the_same_study_count_once_each():
    uses = [use("a"), use("a", event="gate"), use("b"), use("x", OTHER), use("me"), use("late")]
    assert uses_before(uses, STUDY, "me") == 2
    assert uses_before(uses, STUDY, "new") == 4
    assert uses_before(uses, OTHER, "new") == 1
    assert uses_before(uses, STUDY, "a") == 0


def test_writers_at_once_make_one_chain(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: append_use(path, use(f"p{number}")), range(20)))
    assert len(read_ledger(path)) == 20
