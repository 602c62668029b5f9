"""Former names of keys: read with a note, by their places, and never beside those of today."""

import logging

import pytest

from xaudit.audit.config.former_names import FORMER, file_of_today, of_today
from xaudit.errors import ConfigError
from xaudit.yaml_file import read_yaml


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "audit.yaml").write_text(text, encoding="utf-8")
        return read_yaml(tmp_path / "audit.yaml")

    return write


def nested(at, value):
    for key in reversed(at):
        value = {key: value}
    return value


@pytest.mark.parametrize("at", FORMER)
def test_a_former_name_is_read_as_that_of_today(at):
    today = (*at[:-1], FORMER[at])
    assert of_today(nested(at, [1])) == nested(today, [1])
    assert of_today(nested(today, [1])) == nested(today, [1])


def test_it_is_told_with_its_line_and_keeps_its_places(written, caplog):
    file = written("name: a\nlooks:\n  fractions: [1]\n")
    with caplog.at_level(logging.WARNING):
        found = file_of_today(file)
    assert f"{file.path}:2: looks: is called interim now" in caplog.text
    assert found.data == {"name": "a", "interim": {"fractions": [1]}}
    assert found.place(("interim", "fractions", 0)) == f"{file.path}:3"


def test_names_of_today_are_not_spoken_of(written, caplog):
    file = written("name: a\ninterim:\n  fractions: [1]\n")
    assert file_of_today(file) is file
    assert not caplog.text


def test_both_names_at_once_are_refused(written):
    file = written("looks: {fractions: [1]}\ninterim: {fractions: [1]}\n")
    with pytest.raises(ConfigError, match=r":1: looks: is called interim, which is there too"):
        file_of_today(file)


@pytest.mark.parametrize("text", ["", "- looks", "looks:\n", "robustness: 3\n"])
def test_what_is_no_audit_file_stays(written, text):
    file = written(text)
    assert file_of_today(file) is file
