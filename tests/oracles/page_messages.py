"""Every message of the pages, read from the source: code, templates, script and style."""

import ast
import json
import re
from pathlib import Path

import yaml
from jinja2 import Environment, nodes

from xaudit.report.elements.fields import ALL
from xaudit.report.view.assets import template_root

PACKAGE = Path(__file__).parents[2] / "xaudit"
SPEAKING = {"tr", "trn", "later"}
WORD = re.compile(r'\btr\(("(?:[^"\\]|\\.)*")\)')


def messages():
    """Message → whether a number decides its form."""
    found = {}
    for message, counted in (*of_code(), *of_templates(), *of_fields()):
        found[message] = found.get(message, False) or counted
    return found


def of_code():
    pages = PACKAGE / "audit" / "gallery" / "pages.py"
    for path in sorted((*(PACKAGE / "report").rglob("*.py"), pages)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in SPEAKING and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value, name == "trn"


def of_templates():
    for path in sorted(template_root().rglob("*.j2")):
        for node in Environment().parse(path.read_text("utf-8")).find_all(nodes.Call):
            named = getattr(node.node, "name", "") == "tr"
            if named and isinstance(node.args[0], nodes.Const):
                yield node.args[0].value, False
    for path in (*template_root().glob("*.js"), *template_root().glob("*.css")):
        for quoted in WORD.findall(path.read_text("utf-8")):
            yield json.loads(quoted), False


def of_fields():
    for field in ALL:
        yield field.title, False
        yield field.question, False


def sentences_of_code():
    """What the code may write into findings and verdicts: texts, and f-strings as patterns."""
    policy = (PACKAGE / "qualification" / "policy.yaml").read_text("utf-8")
    yield from (re.escape(rule["reason"]) for rule in yaml.safe_load(policy)["rules"])
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                yield re.sub(r"\\\{:?\w*\\\}", ".+", re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    re.escape(part.value) if isinstance(part, ast.Constant) else ".+"
                    for part in node.values
                )


def reasons_of_code():
    """Every reason that the code gives for an estimate or a score that does not exist."""
    parts = "core", "stats", "metrics", "fairness", "gate", "audit", "compare", "pipeline", "verify"
    for part in parts:
        for path in sorted((PACKAGE / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in {"missing", "Undefined", "with_caution"}:
                        yield from _example(node.args[0])


def _example(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(p.value if isinstance(p, ast.Constant) else "7" for p in node.values)
