from dataclasses import dataclass

import pytest

from xaudit.audit.files import kept_json, read_json, sha256_of, to_json, write_text
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
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


def test_what_an_earlier_run_wrote_is_kept_or_made_anew(tmp_path, caplog):
    path = tmp_path / "batches.json"
    assert kept_json(path, Number) is None
    write_text(path, to_json(Number(2)))
    assert kept_json(path, Number) == Number(2)
    assert caplog.records == []
    path.write_bytes(b"\0" * 12)
    assert kept_json(path, Number) is None
    assert not path.exists()
    assert "batches.json: empty, torn or changed; it is made anew" in caplog.text
