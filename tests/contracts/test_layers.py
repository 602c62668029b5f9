"""Imports go one way, without a cycle, and what judges and prints never needs torch."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "xaudit"

# Part → the parts that it may import; `errors`, the root's leaves and itself are always allowed.
ALLOWED = {
    "core": set(),
    "stats": {"core"},
    "metrics": {"core", "stats"},
    "fairness": {"core", "stats", "metrics"},
    "gate": {"core", "stats"},
    "data": {"core"},
    "models": {"core"},
    "explain": {"core"},
    "report": {"core"},
    "audit": {
        "core", "stats", "metrics", "fairness", "gate", "data", "models", "explain", "report",
    },
    "commands": {"core", "audit", "gate", "report", "explain"},
}  # fmt: skip
LEAVES = {"errors", "yaml_file", "torchvision_operators", "__init__"}
HEAVY = {"torch", "torchvision", "captum", "shap", "lime", "timm", "pytorch_grad_cam", "skimage"}
TORCH_FREE = ("core", "stats", "metrics", "fairness", "gate", "data", "report")


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield path, parts


def imports(path, top_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name):
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "xaudit" and len(pieces) > 1 else None


def test_every_part_imports_only_what_it_may():
    wrong = []
    for path, parts in modules():
        if len(parts) == 1:
            continue
        allowed = ALLOWED[parts[0]] | LEAVES | {parts[0], "__version__"}
        for name in imports(path):
            part = part_of(name)
            if part is not None and part not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, wrong


def test_core_needs_numpy_and_the_standard_library_only():
    foreign = {"scipy", "pydantic", "yaml", "PIL", "matplotlib", "pyarrow", "rich", *HEAVY}
    for path, parts in modules():
        if parts[0] == "core":
            used = {name.split(".")[0] for name in imports(path)}
            assert not used & foreign, f"{path.name}: {used & foreign}"


@pytest.mark.parametrize("part", TORCH_FREE)
def test_part_never_imports_torch(part):
    for path, parts in modules():
        if parts[0] == part:
            used = {name.split(".")[0] for name in imports(path)}
            assert not used & HEAVY, f"{path.relative_to(ROOT)}: {used & HEAVY}"


def test_modules_form_no_cycle():
    names = {
        ".".join(("xaudit", *parts)).removesuffix(".__init__"): path for path, parts in modules()
    }
    graph = {
        name: {one for one in imports(path, top_level_only=True) if one in names and one != name}
        for name, path in names.items()
    }
    done, doing = set(), []

    def visit(name):
        if name in done:
            return
        assert name not in doing, f"cycle: {' → '.join([*doing[doing.index(name) :], name])}"
        doing.append(name)
        for other in graph[name]:
            visit(other)
        doing.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_no_module_has_a_name_that_says_nothing():
    for path, parts in modules():
        assert parts[-1] not in {"utils", "util", "helpers", "common", "misc", "constants"}, path


def test_only_the_evaluator_calls_the_detector():
    """Outside of it nobody runs ``.logits(`` of a detector or ``.module(``."""
    allowed = {("explain", "evaluator"), ("models", "torch_detector"), ("models", "load"),
               ("models", "plausibility"), ("explain", "randomize")}  # fmt: skip
    for path, parts in modules():
        if parts[0] in {"audit", "explain", "commands", "models"} and parts not in allowed:
            text = path.read_text(encoding="utf-8")
            assert "detector.logits(" not in text.replace("evaluator.", ""), path
            assert ".module(" not in text.replace("evaluator.module(", ""), path
