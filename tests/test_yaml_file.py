import re
import time

import pytest

from xaudit.audit.config.config import AuditConfig
from xaudit.errors import ConfigError
from xaudit.yaml_file import read_yaml

GOOD = """\
name: a
data: {format: manifest, root: .}
detector:
  name: d
  architecture: torchvision:resnet18
  weights: w.safetensors
  input: {height: 224, width: 224}
  operating_points: [{name: default, probability: 0.5, origin: fixed}]
"""


def read(tmp_path, text):
    path = tmp_path / "audit.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path)


def test_good_file_is_read(tmp_path):
    config = read(tmp_path, GOOD).parse(AuditConfig)
    assert config.detector.operating_points[0].resolve().logit == 0.0


def test_every_mistake_is_listed_with_its_line(tmp_path):
    text = GOOD.replace("height: 224", "height: 3").replace("name: d", "nmae: d")
    text = text.replace("origin: fixed", "origin: guessed")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text).parse(AuditConfig)
    problems = "\n".join(caught.value.problems)
    assert "audit.yaml:4: detector.nmae: no such key" in problems
    assert "detector.name: is missing" in problems
    assert "audit.yaml:7: detector.input" in problems
    assert "at least 8 x 8" in problems
    assert "origin" in problems
    assert "'guessed'" in problems


def test_key_in_the_wrong_section_is_not_proposed_for_itself(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD + "explain: {checks: {draws: 5}}\n").parse(AuditConfig)
    (problem,) = caught.value.problems
    assert "explain.checks.draws: no such key; there is one in another section; " in problem


def test_key_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"audit.yaml:9: name: stands twice"):
        read(tmp_path, GOOD + "name: b\n")


def test_aliases_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="aliases"):
        read(tmp_path, "a: &a [1]\nb: *a\n")


@pytest.mark.parametrize("text", ["a: [", "a: 'x", "\t- b", "a: !!python/object:os.system x"])
def test_broken_yaml_says_where(tmp_path, text):
    with pytest.raises(ConfigError, match="is not YAML"):
        read(tmp_path, text)


def test_binary_file_and_missing_file_are_refused(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_yaml(tmp_path / "x.yaml")
    with pytest.raises(ConfigError, match="No such file"):
        read_yaml(tmp_path / "y.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)


def test_empty_file_lacks_everything(tmp_path):
    with pytest.raises(ConfigError, match=r"audit.yaml:1: the file"):
        read(tmp_path, "").parse(AuditConfig)


def test_environment_variables_are_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("XAUDIT_ROOT", "/here")
    data = read(tmp_path, "a: ${XAUDIT_ROOT}/x\nb: ${XAUDIT_NOT_SET:-../y}\n").data
    assert data == {"a": "/here/x", "b": "../y"}
    monkeypatch.delenv("XAUDIT_ROOT")
    with pytest.raises(ConfigError, match=r"audit.yaml:2: .*XAUDIT_ROOT is not set"):
        read(tmp_path, "b: 1\na: ${XAUDIT_ROOT}\n")


@pytest.mark.parametrize("text", ["${TOKEN}", "x${TOKEN}y", "${TOKEN:-else}", "${xaudit_token}"])
def test_other_environment_variables_are_refused_by_name_and_never_told(
    tmp_path, monkeypatch, text
):
    monkeypatch.setenv("TOKEN", "s3cret-t0ken")
    monkeypatch.setenv("xaudit_token", "s3cret-t0ken")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"a: 1\nb:\n  - c: {text}\nd: {text}\n")
    assert len(caught.value.problems) == 2
    assert "audit.yaml:3: " in caught.value.problems[0]
    assert re.search(r"call it XAUDIT_\w+, or allow it with --env \w+", caught.value.problems[0])
    assert "s3cret" not in str(caught.value)


def test_a_variable_that_is_named_is_read_and_its_value_stays_out_of_messages(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TOKEN", "s3cret-t0ken")
    path = tmp_path / "audit.yaml"
    path.write_text(GOOD.replace("name: a", "name: a ${TOKEN}\nseed: 5${TOKEN}"), "utf-8")
    file = read_yaml(path, ["TOKEN"])
    assert file.data["name"] == "a s3cret-t0ken"
    with pytest.raises(ConfigError, match=r"seed: .*got '5\$\{TOKEN\}'") as caught:
        file.parse(AuditConfig)
    assert "s3cret" not in str(caught.value)


def test_threshold_is_given_on_one_scale(tmp_path):
    text = GOOD.replace("probability: 0.5", "probability: 0.5, logit: 0")
    with pytest.raises(ConfigError, match="either logit or probability"):
        read(tmp_path, text).parse(AuditConfig)


def test_a_mistake_in_the_only_item_of_a_list_is_told_alone(tmp_path):
    both = GOOD.replace("probability: 0.5,", "probability: 0.5, logit: 0,")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, both).parse(AuditConfig)
    (problem,) = caught.value.problems
    assert "operating_points.0: give either logit or probability" in problem
    with pytest.raises(ConfigError, match="at least 1 item"):
        read(tmp_path, GOOD.replace("[{name: default, probability: 0.5, origin: fixed}]", "[]")
             ).parse(AuditConfig)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["a: !!int ''", "a: !!bool x", "a: !!timestamp x", "? [a]\n: 1"],
)
def test_what_yaml_stumbles_on_is_a_message(tmp_path, text):
    with pytest.raises(ConfigError, match=r"audit.yaml: is not YAML"):
        read(tmp_path, text)


def test_a_day_that_is_none_is_left_to_the_reader_of_its_key(tmp_path):
    assert read(tmp_path, "{a: 2020-13-45, b: 2020-12-05}").data["a"] == "2020-13-45"


@pytest.mark.parametrize("text", [r'a: "x\0y"', r'"x\0": 1', r'a: ["\ud800"]'])
def test_what_no_text_and_no_path_has_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match=r"audit.yaml:\d+: .*no text and no path"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 3000 + "a", "[ #]\n" * 3000])
def test_deep_nesting_is_a_message_and_takes_no_time(tmp_path, text):
    began = time.process_time()
    with pytest.raises(ConfigError, match=r"audit.yaml: nested over 100 deep"):
        read(tmp_path, text)
    assert time.process_time() - began < 3
