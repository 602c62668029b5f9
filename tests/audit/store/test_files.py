import re
from dataclasses import dataclass

import pytest

from xaudit.audit.store.files import kept_json, read_json, sha256_of, to_json, write_text
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.core.record.policy import Outcome, Rule, Verdict
from xaudit.errors import ConfigError

FINDING = Finding("sensitivity", {"group": "sex", "level": "F"}, Estimate(0.5, 0.4, 0.6, "Wilson"))


@dataclass
class Number:
    value: float


def test_finding_comes_back_as_it_was(tmp_path):
    write_text(tmp_path / "f.json", to_json(FINDING))
    assert read_json(tmp_path / "f.json", Finding) == FINDING


def test_nan_is_refused_and_not_written_as_null():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(Number(float("nan")))


def test_same_object_gives_the_same_hash():
    turned = Finding("sensitivity", {"level": "F", "group": "sex"}, FINDING.estimate)
    assert sha256_of(turned) == sha256_of(FINDING)


@pytest.mark.parametrize("content", ["", "{", '{"metric": 3}', "[]"])
def test_damaged_file_is_a_message(tmp_path, content):
    (tmp_path / "f.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"f\.json"):
        read_json(tmp_path / "f.json", Finding)


def test_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(ConfigError, match="folder of an audit"):
        read_json(tmp_path / "f.json", Finding)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000])
def test_a_number_that_is_none_is_a_message(tmp_path, value):
    """Python reads NaN and Infinity as JSON; no output of the gate could hold them."""
    (tmp_path / "f.json").write_text(f'{{"value": {value}}}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"f\.json: (cannot be read|value)"):
        read_json(tmp_path / "f.json", Number)


@pytest.mark.parametrize("place", ["floor", "low", "level"])
def test_bounds_of_a_verdict_are_numbers(tmp_path, place):
    rule = Rule("r", "auc", {}, floor=0.5)
    outcome = Outcome(rule, {}, "pass", "w", Estimate(0.5, 0.4, 0.6, "Wilson"))
    text = to_json(Verdict("p", "0" * 64, "pass", (outcome,)))
    damaged = re.sub(rf'"{place}": [0-9.]+', f'"{place}": NaN', text)
    assert damaged != text
    (tmp_path / "verdict.json").write_text(damaged, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"verdict.json: cannot be read: expected a finite number"
    ):
        read_json(tmp_path / "verdict.json", Verdict)


def test_what_an_earlier_run_wrote_is_kept_or_made_anew(tmp_path, caplog):
    path = tmp_path / "batches.json"
    assert kept_json(path, Number) is None
    write_text(path, to_json(Number(2)))
    assert kept_json(path, Number) == Number(2)
    assert caplog.records == []
    path.write_bytes(b"\0" * 12)
    assert kept_json(path, Number) is None
    assert not path.exists()
    assert "batches.json: empty, torn or changed; it is recomputed" in caplog.text


@pytest.mark.parametrize("value", ["nan", " -Infinity", "1e999", "9" * 400])
def test_a_number_that_is_spelled_out_is_a_message(tmp_path, value):
    (tmp_path / "f.json").write_text(f'{{"value": "{value}"}}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"f\.json: (holds a number that is none|value)"):
        read_json(tmp_path / "f.json", Number)
