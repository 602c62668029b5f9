from dataclasses import replace

import pytest

from xaudit.errors import ConfigError
from xaudit.gate.policies.policy import policy_hash, read_policy

GOOD = """\
name: p
rules:
  - id: a
    metric: auc
    floor: 0.8
  - id: b
    metric: sensitivity
    where: {group: site, level: "*"}
    ceiling: 0.9
"""


def read(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return read_policy(path)


def test_rules_know_their_line(tmp_path):
    policy = read(tmp_path, GOOD)
    assert [(rule.id, rule.line) for rule in policy.rules] == [("a", 3), ("b", 6)]


def test_hash_is_that_of_the_rules(tmp_path):
    one = read(tmp_path, GOOD).sha256
    assert read(tmp_path, "# a comment\n" + GOOD).sha256 == one
    assert read(tmp_path, GOOD.replace("0.8", "0.7")).sha256 != one


def test_every_mistake_is_listed_with_its_line(tmp_path):
    text = GOOD.replace("floor: 0.8", "floor: .nan").replace("ceiling: 0.9", "cieling: 0.9")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    problems = "\n".join(caught.value.problems)
    assert "policy.yaml:5: rules.0.floor" in problems
    assert "policy.yaml:9: rules.1.cieling: no such key" in problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    floor: 0.8\n", "", "either a floor or a ceiling"),
        ("    floor: 0.8\n", "    floor: 0.8\n    ceiling: 1\n", "either a floor or a ceiling"),
        ("id: b", "id: a", "'a' stands twice"),
        ("group: site, ", "", "a level needs its group"),
        ("group: site", "grupo: site", "no scope key grupo"),
    ],
)
def test_impossible_rules_are_refused(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize("word", ["no", "yes", "off", "true"])
def test_switch_is_not_a_bound(tmp_path, word):
    with pytest.raises(ConfigError, match=r"policy.yaml:5: rules.0.floor: a bound is a number"):
        read(tmp_path, GOOD.replace("floor: 0.8", f"floor: {word}"))


def test_ids_that_stand_twice_are_listed_with_the_other_mistakes(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace("id: b", "id: a").replace("floor: 0.8", "flor: 0.8"))
    problems = "\n".join(caught.value.problems)
    assert "policy.yaml:3: rules.0.id: 'a' stands twice" in problems
    assert "policy.yaml:6: rules.1.id: 'a' stands twice" in problems
    assert "policy.yaml:5: rules.0.flor: no such key" in problems


@pytest.mark.parametrize("text", ["- a\n", "name: p\nrules: 3\n", "name: p\nrules: [1, {id: 2}]\n"])
def test_other_shapes_are_refused(tmp_path, text):
    with pytest.raises(ConfigError):
        read(tmp_path, text)


def test_hash_can_be_computed_again_from_the_rules(tmp_path):
    policy = read(tmp_path, GOOD)
    assert policy_hash(policy) == policy.sha256
    without_lines = [replace(rule, line=None) for rule in policy.rules]
    assert policy_hash(replace(policy, rules=without_lines)) == policy.sha256


def test_policy_without_rules_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="rules"):
        read(tmp_path, "name: p\nrules: []\n")


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        ("non_inferior: 0", "greater than 0"),
        ("equivalent: -0.1", "greater than 0"),
        ("superior: -0.1", "greater than or equal to 0"),
        ("superior: true", "a bound is a number"),
        ("required: false", "demands nothing"),
        ("at_least: with_caution", "go together"),
        ("non_inferior: 0.1\n    floor: 0.8", "got floor, non_inferior"),
    ],
)
def test_impossible_demands_are_refused(tmp_path, demand, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, GOOD.replace("floor: 0.8", demand))


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        ("floor: 0", "> 0"),
        ("floor: 0.5", "≥ 0.5"),
        ("non_inferior: 0.05", "not worse than the baseline by 0.05"),
        ("superior: 0", "better than the baseline by over 0"),
        ("equivalent: 0.1", "within ±0.1"),
        ("required: true", "is measured"),
    ],
)
def test_every_demand_is_read_said_and_hashed(tmp_path, demand, said):
    policy = read(tmp_path, GOOD.replace("floor: 0.8", demand))
    assert policy.rules[0].demand == said
    assert policy.sha256 != read(tmp_path, GOOD).sha256
    assert policy.sha256 == policy_hash(replace(policy, name="p"))


def test_multiplicity_is_declared_and_hashed(tmp_path):
    assert read(tmp_path, GOOD).multiplicity == "none"
    policy = read(tmp_path, GOOD.replace("name: p", "name: p\nmultiplicity: holm"))
    assert policy.multiplicity == "holm"
    assert policy.sha256 != read(tmp_path, GOOD).sha256
    with pytest.raises(ConfigError, match="multiplicity"):
        read(tmp_path, GOOD.replace("name: p", "name: p\nmultiplicity: bonferoni"))
