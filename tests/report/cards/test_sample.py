"""The committed sample: the same findings from the demo, the same bytes from the findings."""

import json
import math
import re
from pathlib import Path

import pytest

from xaudit.pipeline.card import write_cards

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"

# What changes with the day, the machine and the versions of packages, and decides no number.
_FREE = {"created", "provenance", "library", "plan_sha256", "rescored"}
# Processors round differently, and a case near a threshold may then rank otherwise.
_TOLERANCE = 0.02
_NUMBER = re.compile(r"\d+\.\d+")


def test_card_of_the_committed_findings_is_the_same_to_the_byte(tmp_path):
    path = write_cards(SAMPLE, tmp_path / "card.html")
    assert path.read_bytes() == (SAMPLE / "card.html").read_bytes(), "accept with `make sample`"
    assert path.with_suffix(".md").read_bytes() == (SAMPLE / "card.md").read_bytes()


def test_one_of_a_kind_is_no_plural():
    pages = (SAMPLE / "card.md").read_text(encoding="utf-8")
    assert not re.findall(
        r"(?<![\d.,<] )(?<![\d.,])1 (?:patients|cases|positives|negatives)\b", pages
    )


@pytest.mark.heavy
def test_findings_of_the_demo_are_those_that_are_committed(whole_demo):
    rebuilt = json.loads((whole_demo / "findings.json").read_text(encoding="utf-8"))
    committed = json.loads((SAMPLE / "findings.json").read_text(encoding="utf-8"))
    different = list(compare(committed, rebuilt, ""))
    assert not different, "accept with `make sample`:\n" + "\n".join(different[:20])


def compare(old, new, place):
    if isinstance(old, dict) and isinstance(new, dict):
        yield from compare_keys(old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from compare_entries(old, new, place)
    elif isinstance(old, float) and isinstance(new, float):
        if not math.isclose(old, new, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
            yield f"{place}: {old}, now {new}"
    elif isinstance(old, str) and isinstance(new, str):
        # Sentences quote figures.
        if _NUMBER.sub("#", old) != _NUMBER.sub("#", new):
            yield f"{place}: {old!r}, now {new!r}"
        figures = [list(map(float, _NUMBER.findall(one))) for one in (old, new)]
        yield from compare(*figures, f"{place}, figures")
    elif old != new:
        yield f"{place}: {old!r}, now {new!r}"


def compare_keys(old, new, place):
    if old.keys() != new.keys():
        yield f"{place}: keys {sorted(old.keys() ^ new.keys())}"
    for key in old.keys() & new.keys() - _FREE:
        yield from compare(old[key], new[key], f"{place}.{key}")


def compare_entries(old, new, place):
    if len(old) != len(new):
        yield f"{place}: {len(old)} entries, now {len(new)}"
    for number, pair in enumerate(zip(old, new, strict=False)):
        yield from compare(*pair, f"{place}[{number}]")
