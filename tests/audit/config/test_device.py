from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from xaudit.audit.config.device import Device, read_device
from xaudit.audit.starters.device_starter import device_text
from xaudit.core.record.statements import Ages, Signatory, Unrecorded
from xaudit.errors import ConfigError

GOOD = """\
intended_use: Adults after an injury.
output: 0.5
funding:
claims:
  ages: {from: 18, column: age_band}
  groups: {view: [frontal, lateral]}
  sites: 3
missing_groups:
  race:
    why: The archive does not record it.
signatures:
  - {name: A. Person, role: Statistician}
"""


def read(tmp_path, text):
    path = tmp_path / "device.yaml"
    path.write_text(text, encoding="utf-8")
    return read_device(path)


def test_good_file_is_read(tmp_path):
    told = read(tmp_path, GOOD)
    assert told.texts == {"intended_use": "Adults after an injury.", "output": "0.5"}
    assert told.statements.claims.ages == Ages(18, None, "age_band")
    assert told.statements.claims.groups == {"view": ("frontal", "lateral")}
    assert told.statements.unrecorded == (Unrecorded("race", "The archive does not record it."),)
    assert told.statements.signatories == (Signatory("A. Person", "Statistician"),)


def test_nothing_stated(tmp_path):
    assert read_device(None) == read(tmp_path, "# nothing\n")
    assert not read_device(None).texts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nintended_uses: x\n", r"device.yaml:2: intended_uses.*did you mean intended_use\?"),
        ("claims: {agse: {from: 2}}", r"device.yaml:1: claims.agse.*did you mean ages\?"),
        ("inputs: x\naccuracy: 99 %\n", r"device.yaml:2: accuracy: is measured by the audit"),
        ("claims: {ages: {from: 18, below: 18}}", "`from` 18 is not under `below` 18"),
        ("claims: {ages: {column: age}}", "expected `from`, `below` or both"),
        ("claims: {groups: {view: []}}", "at least 1 item"),
        ("claims: {weights_sha256: abc}", "pattern"),
        ("missing_groups: none", "device.yaml:1: missing_groups"),
        ("signatures: [{name: A}]", "signatures.0.role: is missing"),
        ("inputs: [a, b]", "device.yaml:1: inputs: .*string"),
        ("- a\n", "expected `field: text`"),
    ],
)
def test_mistakes_name_their_line(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


def test_editors_get_a_schema_that_takes_the_good_file():
    schema = Device.model_json_schema()
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert check.is_valid({"intended_use": "x", "claims": {"ages": {"from": 2, "below": 18}}})
    assert not check.is_valid({"accuracy": "99 %"})
    assert not check.is_valid({"claims": {"ages": {"from": "young"}}})
    assert all(one.get("description") for one in schema["properties"].values())


def test_first_file_states_nothing_and_its_lines_are_the_fields(tmp_path):
    text = device_text()
    assert read(tmp_path, text) == read_device(None)
    filled = text.replace('"# ', "").replace("\n# ", "\n").replace('""', '"x"')
    lines = [line for line in filled.splitlines() if ":" in line and not line.endswith("?")]
    yaml_only = [line for line in lines if not line.startswith(("#", "What", "Take", "is left"))]
    told = read(tmp_path, "\n".join(yaml_only).replace('sha256: "x"', 'sha256: "' + "a" * 64 + '"'))
    assert len(told.texts) == len(Device.model_fields) - 3
    assert told.statements.claims.sites == 3
    assert told.statements.unrecorded[0].controlled == "x"
    assert told.statements.signatories[0].name == "x"


@pytest.mark.parametrize("name", ["fracatlas", "grazpedwri"])
def test_the_examples_state_something(name):
    told = read_device(Path(__file__).parents[3] / "examples" / f"{name}-device.yaml")
    assert "Not for patients." in told.texts["intended_use"]
    assert told.statements.claims.groups or told.statements.claims.ages
    assert told.statements.unrecorded
