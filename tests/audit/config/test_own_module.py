"""Code of an audit file's own: refused by every command, allowed by name, told on the card."""

import json

import pytest
import yaml

from tests.walls import sandbox_or_skip
from xaudit import commands
from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.store.files import read_findings
from xaudit.errors import ConfigError, DetectorError
from xaudit.pipeline.check import check_audit
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify import verify_folder

NAME = "own_canary:build"
MODULE = """
import pathlib
from xaudit.models.reference import small_cnn as build
pathlib.Path({mark!r}).touch()
"""


@pytest.fixture
def quick(workspace, audit_text):
    """Writes an audit file that explains nothing; part → changes of it."""

    def write(detector=(), **changes):
        content = yaml.safe_load(audit_text)
        content["explain"] |= {"cases": 0, "shortcuts": 0, "gallery": False}
        content["robustness"] = {"cases": 0}
        content["detector"] |= dict(detector)
        path = workspace / "audit.yaml"
        path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
        return path

    return write


@pytest.fixture
def own(quick, workspace, monkeypatch):
    """An audit file that names a module which Python finds; whether it was imported."""
    folder = workspace / "modules"
    folder.mkdir()
    (folder / "own_canary.py").write_text(MODULE.format(mark=str(workspace / "ran")))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(__import__("sys").modules, "own_canary", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(workspace / "config"))
    return quick({"architecture": NAME}), workspace / "ran"


@pytest.fixture
def walls():
    return sandbox_or_skip()


def run(path, overrides=None):
    out = path.parent / "new" / "out"
    return run_audit(path, out, overrides or Overrides(), None, lambda step: None)


@pytest.mark.parametrize("command", [["check"], ["run", "--out"]])
def test_every_command_refuses_and_says_what_to_type(own, capsys, command):
    path, ran = own
    out = path.parent / "new" / "out"
    more = [str(out)] if "--out" in command else []
    assert commands.main([command[0], str(path), *command[1:], *more]) == 2
    err = capsys.readouterr().err
    assert f"detector.architecture: {NAME}: is not a model of torchvision, timm or xaudit" in err
    assert f"--allow-code {NAME}" in err
    assert "audit.yaml:" in err
    assert not ran.exists()
    assert not (path.parent / "new").exists()


def test_folds_and_retrained_weights_do_not_bring_code_in(own, workspace):
    path, ran = own
    content = yaml.safe_load(path.read_text("utf-8"))
    content["explain"]["checks"] = {"retrained": ["weights.safetensors"]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="--allow-code"):
        check_audit(path, Overrides(), None)
    content["explain"]["checks"] = {}
    del content["detector"]["weights"]
    weights = dict.fromkeys(("A", "B"), "weights.safetensors")
    content["detector"]["folds"] = {"column": "site", "design": "k_fold", "weights": weights}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="--allow-code"):
        check_audit(path, Overrides(), None)
    assert not ran.exists()


def test_no_key_of_a_file_allows_code(own):
    path, ran = own
    text = path.read_text("utf-8")
    for section, key in (
        ("detector", "allow_code"),
        ("detector", "_allow_code"),
        (None, "allow_code"),
    ):
        content = yaml.safe_load(text)
        (content[section] if section else content)[key] = [NAME]
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(ConfigError, match=f"{key}: no such key"):
            read_config(path)
    assert not ran.exists()


@pytest.mark.parametrize("boxed", [False, True])
def test_what_is_allowed_runs_and_stands_in_provenance_and_on_the_card(own, capsys, boxed, walls):
    path, ran = own
    out = path.parent / "out"
    arguments = ["run", str(path), "--out", str(out), "--allow-code", "other:net"]
    assert commands.main(arguments) == 2
    allowed = [*arguments, "--allow-code", NAME, *([] if boxed else ["--no-sandbox"])]
    assert commands.main(allowed) == 0, capsys.readouterr().err
    # In the sandbox it runs and cannot leave a mark.
    assert ran.exists() is not boxed
    findings = read_findings(out)
    assert findings.provenance["code allowed"] == NAME
    assert findings.provenance.get("sandbox") == (walls.held if boxed else None)
    assert findings.detector.own_code
    assert not [line for check in verify_folder(out) for line in check.differences]
    assert commands.main(["card", str(out)]) == 0
    said = f"{NAME} is not of torchvision, timm or xaudit; whoever ran the audit allowed it to run"
    card = (out / "card.html").read_text("utf-8")
    assert said in card
    held = f"{walls.held}: no network" if boxed else "none; it ran with the rights of whoever"
    assert held in card
    # Going on needs the option again, and gives the same.
    (out / "findings.json").unlink()
    assert commands.main(arguments) == 2
    assert f"--allow-code {NAME}" in capsys.readouterr().err
    assert commands.main(allowed) == 0
    assert read_findings(out) == findings


def test_a_file_is_never_allowed_for_good(quick, workspace, monkeypatch):
    """Its name alone would allow the code of every other file of that name."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(workspace / "config"))
    file = workspace / "config" / "xaudit" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('allow_code = ["model:m.keras"]\n', encoding="utf-8")
    path = quick()
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["detector"]["architecture"]
    content["detector"] |= {
        "format": "keras", "weights": "m.keras", "arguments": {"run_code": True},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"--allow-code model:m\.keras"):
        permitted(*read_config(path), Overrides())
    given = Overrides(allow_code=("model:m.keras",))
    assert permitted(*read_config(path, given), given).detector.sandbox


def test_what_the_user_allows_once_and_for_all_runs(own):
    path, ran = own
    file = path.parent / "config" / "xaudit" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'allow_code = ["{NAME}"]\n', encoding="utf-8")
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="others may write it"):
        permitted(*read_config(path), Overrides())
    file.chmod(0o600)
    file.parent.chmod(0o700)
    assert permitted(*read_config(path), Overrides()).detector.allow_code == {NAME}
    file.write_text('allow_code = ["own_canary:other"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="--allow-code"):
        permitted(*read_config(path), Overrides())
    assert read_config(path, Overrides(allow_code=(NAME,)))[0].detector.allow_code == frozenset()
    assert not ran.exists()


def test_a_broken_configuration_troubles_nobody_who_needs_none(quick, monkeypatch, workspace):
    file = workspace / "config" / "xaudit" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(workspace / "config"))
    assert permitted(*read_config(quick()), Overrides()).detector.allow_code == frozenset()


@pytest.mark.parametrize("name", ["*", "own_canary", "own_canary:*", "own_canary:build;x", ""])
def test_an_option_that_names_no_factory_is_wrong_usage(own, capsys, name):
    assert commands.main(["check", str(own[0]), "--allow-code", name]) == 2
    assert "expected module:factory" in capsys.readouterr().err


# A run that is refused


@pytest.mark.parametrize(
    ("detector", "changes", "overrides"),
    [
        ({"weights": "nowhere.safetensors"}, {}, {}),
        ({"weights": "policy.yaml"}, {}, {}),
        ({"architecture": "torchvision:resnet18", "arguments": {"num_classes": 1}}, {}, {}),
        ({"architecture": "timm:nothing"}, {}, {}),
        ({"output": {"kind": "probability"}}, {}, {}),
        ({"output": {"kind": "two_logits", "positive": 1}}, {}, {}),
        ({}, {"explain": {"methods": {"nothing": {}}}}, {}),
        ({}, {"explain": {"methods": {"gradcam": {"nothing": 1}}}}, {}),
        ({}, {"explain": {"cases": 0, "checks": {"retrained": ["policy.yaml"]}}}, {}),
        ({}, {"policy": "nowhere.yaml"}, {}),
        ({}, {"device": "nowhere.yaml"}, {}),
        ({}, {"data": {"format": "manifest", "root": "study", "manifest": "nowhere.csv"}}, {}),
        ({}, {"data": {"format": "nothing", "root": "study"}}, {}),
        ({}, {}, {"split": ("nowhere",)}),
    ],
)
def test_a_run_that_is_refused_leaves_nothing(quick, detector, changes, overrides):
    path = quick(detector, **changes)
    before = sorted(path.parent.rglob("*"))
    with pytest.raises((ConfigError, DetectorError, Exception)) as caught:
        run(path, Overrides(**overrides))
    assert caught.value.exit_code == 2, caught.value
    assert sorted(path.parent.rglob("*")) == before
    # Nor in a folder that is there already.
    (path.parent / "new" / "out").mkdir(parents=True)
    with pytest.raises(type(caught.value)):
        run(path, Overrides(**overrides))
    assert not list((path.parent / "new" / "out").iterdir())


def test_a_folder_of_another_audit_keeps_it(quick, finished, tmp_path):
    plan = (finished / "plan.json").read_bytes()
    with pytest.raises(ConfigError, match="holds another audit"):
        run_audit(quick(), finished, Overrides(), None, lambda step: None)
    assert (finished / "plan.json").read_bytes() == plan


# Variables


def test_a_token_in_a_path_is_nowhere_afterwards(quick, workspace, monkeypatch, capsys):
    monkeypatch.setenv("PLACE", "s3cret-t0ken")
    hidden = workspace / "s3cret-t0ken"
    hidden.mkdir()
    for name in ("study", "weights.safetensors", "policy.yaml"):
        (workspace / name).rename(hidden / name)
    picture = next(one for one in (hidden / "study").rglob("*.png"))
    picture.write_bytes(b"no picture")
    path = quick(
        {"weights": "${PLACE}/weights.safetensors"},
        data={"format": "manifest", "root": "${PLACE}/study", "manifest": "manifest.csv",
              "patient": "patient"},
        policy="${PLACE}/policy.yaml",
    )  # fmt: skip
    out = workspace / "out"
    arguments = ["run", str(path), "--out", str(out)]
    assert commands.main(arguments) == 2
    assert "allow it with --env PLACE" in capsys.readouterr().err
    assert commands.main([*arguments, "--env", "PLACE"]) == 0, capsys.readouterr().err
    assert commands.main(["card", str(out)]) == 0
    printed = capsys.readouterr()
    assert "s3cret" not in printed.out + printed.err
    for file in out.rglob("*"):
        assert file.is_dir() or b"s3cret" not in file.read_bytes(), file
    assert "s3cret" not in json.dumps(str(read_findings(out)))
    (hidden / "weights.safetensors").unlink()
    assert commands.main(["check", str(path), "--env", "PLACE"]) == 2
    err = capsys.readouterr().err
    assert "${PLACE}/weights.safetensors" in err
    assert "s3cret" not in err
