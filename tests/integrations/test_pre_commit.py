"""The hooks as pre-commit calls them: entry, args, and the files that match."""

import re
import shlex

import yaml
from pages import ROOT, blocks

HOOKS = {one["id"]: one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def asked():
    (block,) = blocks("gate-in-pre-commit.md", "yaml")
    return yaml.safe_load(block)["repos"][0]["hooks"]


def command(hook, files):
    own = HOOKS[hook["id"]]
    matched = [one for one in files if re.search(own.get("files", ""), one)]
    names = matched if own.get("pass_filenames", True) else []
    return shlex.join([*shlex.split(own["entry"]), *hook.get("args", []), *names])


def test_hooks_of_the_page_exist_and_pass(shell):
    for hook in asked():
        result = shell(command(hook, ["audit.yaml", "policy.yaml"]))
        assert result.returncode == 0, result.stderr


def test_mistake_of_a_policy_stops_the_commit(shell, repository):
    path = repository / "policy-night.yml"
    path.write_text("name: p\nrules:\n  - {id: a, metric: acu, floor: 0.5}\n", encoding="utf-8")
    result = shell(command({"id": "xaudit-policy"}, ["policy-night.yml", "audit.yaml"]))
    assert result.returncode == 2
    assert "policy-night.yml:3: rule 'a': there is no metric 'acu'" in result.stderr
