"""Every message of the pages, read from the source: code, templates, script and style."""

import ast
import json
import re
from pathlib import Path
from typing import get_args

import yaml
from jinja2 import Environment, nodes

from xaudit.audit.plan.metrics import all_metrics
from xaudit.core.case import Effect
from xaudit.core.message import PLACE, Message
from xaudit.qualification.catalogue import DEFECTS, SOUND
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


def stored_of_code():
    """Id of every message that an audit may store: literals of the code, and what it looks up.

    Outside of the report, a text with a named place in a module that makes messages is the id of
    one: some are chosen among several before a message is made of them.
    """
    found = set(VOCABULARY)
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        if "Message(" in text:
            found |= set(_ids(ast.parse(text), page="report" in path.parts))
    facts = (one.question for one in all_metrics())
    subjects = (one.subject.says for one in (*DEFECTS, *SOUND))
    policy = (PACKAGE / "qualification" / "policy.yaml").read_text("utf-8")
    reasons = (rule["reason"] for rule in yaml.safe_load(policy)["rules"])
    for message in (*facts, *subjects):
        found |= set(_within(message))
    return {one for one in found | set(reasons) if re.search(r"[^\W\d_]", PLACE.sub("", one))}


# What audits store as it is, and names that messages are made of.
VOCABULARY = {
    *map(str, get_args(Effect)), *("patient", "image", "site", "patients", "images", "sites"),
    *("mask", "box", "gray", "rgb", "letterbox", "stretch", "crop", "logit", "probability"),
    *("lesion", "ignored", "confidence distribution", "no prediction", "other split"),
    *("weights taken", "code allowed", "plug-ins", "computed on", "images at once"),
    *("images sent to", "service states", "model computed by", "limits of the model"),
    "sandbox",
    *("number format", "system", "study SHA-256", "weights SHA-256", "predictions SHA-256"),
    *("only in the new audit", "only in the old audit", "with another image"),
    *("with another label", "with another patient"),
}  # fmt: skip


def _ids(tree, *, page):
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
              for part in node.values}  # fmt: skip
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    named = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id] = node.value
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message":
            first = node.args[0]
            first = named.get(first.id, first) if isinstance(first, ast.Name) else first
            yield from _texts([first], inside)
        elif not page and id(node) not in said:
            texts = _texts([node], inside) if isinstance(node, ast.Constant) else ()
            yield from (one for one in texts if re.search(r"\{[a-z]\w*(:[^{}]*)?\}", one))


def _texts(nodes, inside):
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value
        elif isinstance(node, ast.IfExp):
            yield from _texts([node.body, node.orelse], inside)


def _within(message):
    """The ids of a message and of all that it is made of."""
    yield message.id
    for one in message.params.values():
        if isinstance(one, Message):
            yield from _within(one)
