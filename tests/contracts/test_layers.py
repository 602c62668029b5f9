"""Imports go one way, without a cycle, and what judges and prints never needs torch."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "xaudit"

MOST_FILES = 15
CALLERS = {"audit", "pipeline", "explain", "commands", "models"}
# Part → the parts that it may import, all of them named before; `errors`, the root's leaves and
# itself are always allowed.
ALLOWED = {
    "core": set(),
    "core.record": {"core"},
    "core.text": set(),
    "stats": {"core"},
    "stats.resampling": {"core", "stats"},
    "stats.roc": {"core", "stats", "stats.resampling"},
    "stats.multiple": {"core", "core.record", "stats", "stats.resampling"},
    "stats.calibration": {"core", "stats"},
    "stats.independence": {"core", "stats"},
    "stats.groups": {"core", "stats", "stats.roc"},
    "metrics.scores": {
        "core", "core.record", "stats", "stats.resampling", "stats.roc", "stats.calibration",
    },
    "metrics.groups": {
        "core", "stats", "stats.resampling", "stats.roc", "stats.multiple", "stats.calibration",
        "stats.independence", "stats.groups", "metrics.scores",
    },
    "metrics.maps": {"core", "stats", "stats.roc"},
    "metrics.boxes": {"core", "stats", "stats.resampling", "metrics.scores"},
    "metrics.masks": {"core", "metrics.maps"},
    "metrics": {"core", "stats", "metrics.scores"},
    "fairness": {
        "core", "core.record", "stats", "stats.resampling", "stats.groups", "metrics.groups",
    },
    "gate.policies": {"core", "core.record"},
    "gate.judging": {
        "core", "core.record", "stats", "stats.roc", "stats.multiple", "gate.policies",
    },
    "gate.outputs": {"core.record", "core.text", "gate.policies", "gate.judging"},
    "gate": set(),
    "data.tables": {"core", "core.text"},
    "data.transforms": {"core"},
    "data.corruptions": {"core", "data.transforms"},
    "data.pixels": {"core", "core.record"},
    "data.annotations": {"core", "data.pixels"},
    "data.annotation_forms": {"core", "data.annotations"},
    "data": {
        "core", "data.tables", "data.transforms", "data.corruptions", "data.pixels",
        "data.annotations",
    },
    "data.manifest": {"core", "data.tables", "data.pixels", "data.annotations", "data"},
    "data.dicom": {
        "core", "data.tables", "data.pixels", "data.annotations", "data", "data.manifest",
    },
    "data.image_formats": {"core", "data.pixels", "data.dicom"},
    "data.listing": {
        "core", "core.text", "data.tables", "data.pixels", "data.annotations", "data",
        "data.manifest",
    },
    "data.exports": {
        "core", "core.text", "data.tables", "data.pixels", "data.annotations", "data",
        "data.listing",
    },
    "data.drawn": {
        "core", "core.text", "data.tables", "data.pixels", "data.annotations", "data",
        "data.listing",
    },
    "data.formats": {
        "core", "core.text", "data.tables", "data.pixels", "data.annotations", "data",
        "data.manifest", "data.dicom", "data.listing", "data.exports",
    },
    "data.study": {
        "core", "core.text", "data.tables", "data.pixels", "data", "data.manifest", "data.dicom",
        "data.formats",
    },
    "data.predictions": {"core", "data.tables", "data"},
    "phantom": {"core"},
    "models.files": {"core.text"},
    "models.target_layers": {"core"},
    "models.remote": {"core", "core.text"},
    "models.programs": {"core.text"},
    "models.heads": {"core"},
    "models": {
        "core", "core.record", "core.text", "models.files", "models.target_layers",
        "models.remote", "models.programs", "models.heads",
    },
    "models.onnx": {
        "core", "core.text", "phantom", "models.files", "models.target_layers", "models.heads",
        "models",
    },
    "models.sandbox": {
        "core", "core.text", "models.target_layers", "models.remote", "models.heads", "models",
    },
    "models.readers": {
        "core", "core.text", "models.files", "models.remote", "models.programs", "models",
        "models.onnx", "models.sandbox",
    },
    "models.sidecars": {"core.text", "models.files"},
    "explain.engine": {"core"},
    "explain": {"core", "explain.engine"},
    "explain.numerics": {"core", "explain.engine"},
    "explain.perturbation": {"core", "explain.engine", "explain"},
    "explain.checks": {"core", "explain.engine", "explain", "explain.perturbation"},
    "explain.methods": {
        "core", "explain.engine", "explain", "explain.numerics", "explain.perturbation",
    },
    "report.language": {"core"},
    "report.view": {"core", "core.record", "core.text", "report.language"},
    "report.tables": {"core", "core.record", "report.language", "report.view"},
    "report.facts": {"core", "core.record", "report.language", "report.view", "report.tables"},
    "report.sections": {
        "core", "core.record", "report.language", "report.view", "report.tables", "report.facts",
    },
    "report.drawn": {"core", "core.record", "report.language", "report.view", "report.sections"},
    "report.elements": {
        "core", "core.record", "report.language", "report.view", "report.tables",
        "report.facts", "report.sections",
    },
    "report.front": {
        "core", "core.record", "report.language", "report.view", "report.tables",
        "report.sections",
    },
    "report.cards": {
        "core.record", "core.text", "report.language", "report.view", "report.tables",
        "report.facts", "report.sections", "report.elements", "report.front",
    },
    "report.changes": {
        "core", "core.record", "report.language", "report.view", "report.facts", "report.sections",
        "report.elements",
    },
    "report.exports": {"core", "core.record", "core.text", "report.cards"},
    "audit.store": {"core", "core.record", "core.text", "data.tables", "data"},
    "audit.suspicions": {
        "core", "core.record", "stats", "stats.roc", "models.heads", "models", "audit.store",
    },
    "audit.config": {
        "core", "core.record", "core.text", "gate.policies", "data.tables", "data.transforms",
        "data.pixels", "data.annotations", "data", "data.study", "data.predictions", "data.drawn",
        "models.files", "models.remote", "models.heads", "models", "report.elements",
        "audit.suspicions",
    },
    "audit.claims": {
        "core", "core.record", "data.tables", "fairness", "audit.config", "audit.store",
    },
    "audit.starters": {
        "core", "core.text", "data", "models.files", "models", "models.sidecars",
        "report.elements", "audit.config",
    },
    "audit.scores": {
        "core", "core.record", "stats.resampling", "metrics.maps", "metrics.masks", "metrics",
        "fairness",
        "data.drawn", "data.transforms", "explain.perturbation", "explain.methods", "audit.store",
        "audit.config",
    },
    "audit.gallery": {
        "core", "core.record", "metrics.maps", "metrics.boxes", "data.transforms",
        "data.annotations", "data", "report.language",
        "report.view", "report.facts", "report.sections", "report.cards", "audit.store",
        "audit.scores",
    },
    "provenance": {"core", "core.record", "stats", "data", "audit.store"},
    "audit": set(),
    "report": set(),
    "audit.analyses": {"core", "core.record", "audit.store", "audit.config", "audit.scores"},
    "audit.performance": {
        "core", "core.record", "stats", "stats.roc", "stats.multiple", "stats.independence",
        "metrics.scores", "metrics.groups", "metrics", "fairness", "data.tables", "audit.store",
        "audit.config", "audit.scores", "audit.analyses",
    },
    "audit.detection": {
        "core", "core.record", "stats.resampling", "stats", "metrics.boxes", "metrics.groups",
        "metrics.scores", "fairness", "audit.store", "audit.config", "audit.scores",
        "audit.analyses",
    },
    "audit.segmentation": {
        "core", "core.record", "stats", "metrics.masks", "fairness", "audit.store",
        "audit.config", "audit.scores", "audit.analyses",
    },
    "audit.annotators": {
        "core", "core.record", "stats", "stats.resampling", "metrics.scores", "metrics", "fairness",
        "audit.store", "audit.scores", "audit.analyses",
    },
    "audit.maps": {
        "core", "core.record", "stats", "stats.resampling", "stats.roc", "metrics.scores",
        "metrics.groups", "metrics.maps", "metrics", "fairness", "data.tables", "data.pixels",
        "audit.store", "audit.config", "audit.scores", "audit.analyses",
    },
    "audit.plan": {
        "core", "core.record", "stats.multiple", "metrics", "fairness", "gate.policies",
        "gate.judging", "data.tables", "data.pixels", "data", "data.study", "models.files",
        "models", "audit.store", "audit.config", "audit.analyses", "audit.performance",
    },
    "audit.run": {
        "core", "data.pixels", "data", "models", "models.sandbox", "explain.engine", "explain",
        "audit.store", "audit.config", "audit.scores", "audit.plan",
    },
    "audit.probes": {
        "core", "core.record", "metrics.maps", "metrics", "data.transforms", "data.pixels", "data",
        "models", "models.sandbox", "explain.engine", "explain", "explain.numerics",
        "explain.checks",
        "explain.methods", "audit.store", "audit.suspicions", "audit.config", "audit.scores",
        "audit.gallery", "audit.maps", "audit.plan", "audit.run",
    },
    "audit.probes.cases": {
        "core", "metrics", "data.transforms", "audit.store", "audit.scores", "audit.plan",
        "audit.probes",
    },
    "audit.summary": {
        "core", "core.record", "stats", "fairness", "gate.judging", "data.transforms",
        "models.remote", "models.heads", "models", "report.view", "audit.store",
        "audit.suspicions",
        "audit.config",
        "audit.claims", "audit.scores", "audit.analyses", "audit.detection",
        "audit.performance", "audit.maps",
        "audit.plan",
    },
    "compare": {
        "core", "core.record", "stats", "stats.resampling", "stats.roc", "stats.multiple",
        "metrics.maps", "metrics.boxes", "metrics.scores", "fairness", "audit.store",
        "audit.scores", "audit.summary",
    },
    "commands.terminal": {"core.record", "core.text", "audit.run"},
    "executors": {"core"},
    "pipeline": {
        "core", "core.record", "stats.resampling", "stats.multiple", "metrics.scores", "fairness",
        "gate.policies", "gate.judging", "data.tables", "data", "data.drawn", "data.study",
        "data.predictions", "models.files", "models", "models.sandbox",
        "phantom", "explain.engine", "explain", "explain.checks", "report.view",
        "report.elements", "report.cards", "audit.store", "audit.suspicions", "audit.config",
        "audit.claims",
        "audit.scores", "audit.gallery", "provenance", "audit.analyses", "audit.detection",
        "audit.performance",
        "audit.plan", "audit.run", "audit.probes", "audit.summary", "compare", "executors",
    },
    "verify": {
        "core", "core.record", "core.text", "gate.policies", "gate.judging", "data",
        "data.predictions", "models.files", "report.language", "report.view", "report.cards",
        "audit.store", "audit.suspicions", "audit.config", "audit.scores", "audit.gallery",
        "audit.plan", "audit.summary", "compare", "pipeline",
    },
    "cohort": {
        "core", "core.record", "stats", "metrics.groups", "metrics.scores", "fairness",
        "data.pixels", "data.study", "audit.store", "audit.config", "audit.scores", "audit.maps",
        "audit.plan", "audit.run", "compare", "verify",
    },
    "dicom_export": {
        "core", "core.record", "metrics.maps", "data.dicom", "data.study",
        "data.transforms", "report.exports", "audit.store", "audit.plan", "pipeline", "verify",
    },
    "scrub": {
        "core", "core.record", "stats", "gate.policies", "gate.judging", "data.tables", "data",
        "audit.store", "provenance", "audit.plan", "pipeline", "verify",
    },
    "qualification": {
        "core", "core.record", "stats", "gate.policies", "models", "phantom", "report.cards",
        "audit.store", "audit.config", "executors", "pipeline",
    },
    "commands.options": {
        "core", "core.record", "gate.outputs", "report.exports", "audit.store",
        "audit.suspicions", "audit.plan",
        "commands.terminal", "executors", "pipeline",
    },
    "commands": {
        "core", "core.record", "data.study", "gate.policies", "gate.judging", "gate.outputs",
        "explain", "report.language", "report.facts", "report.sections", "report.elements",
        "report.cards",
        "report.changes", "report.exports", "audit.store", "audit.suspicions", "audit.config",
        "audit.starters",
        "audit.gallery", "provenance", "audit.plan", "audit.summary", "compare",
        "commands.terminal", "pipeline", "verify", "cohort", "dicom_export", "scrub",
        "qualification",
        "commands.options",
    },
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
    if pieces[0] != "xaudit" or len(pieces) < 2:
        return None
    room = ".".join(pieces[1:3])
    return room if room in ALLOWED else pieces[1]


def test_every_part_imports_only_what_it_may():
    wrong = []
    for path, parts in modules():
        if len(parts) == 1:
            continue
        if parts[1:] == ("__init__",) and parts[0] in {"audit", "report"}:
            continue
        part = part_of(".".join(("xaudit", *parts)))
        allowed = ALLOWED[part] | LEAVES | {part, "__version__"}
        for name in imports(path):
            other = part_of(name)
            if other not in {None, "audit"} and other not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, wrong


def test_every_room_is_seen_at_a_glance():
    sizes = Counter(path.parent for path, parts in modules() if parts[-1] != "__init__")
    assert max(sizes.values()) <= MOST_FILES, sizes.most_common(3)


def test_every_room_is_named():
    folders = {".".join(parts[:-1][:2]) for _, parts in modules() if len(parts) > 1}
    assert folders - set(ALLOWED) <= {"audit", "report"}


def test_rooms_stand_on_those_that_are_named_before_them():
    seen = set()
    for part, allowed in ALLOWED.items():
        assert allowed <= seen, (part, allowed - seen)
        seen.add(part)


def test_the_map_of_rooms_is_in_their_order():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z/_]+)` \|", page, re.MULTILINE)
    assert listed == [part.replace(".", "/") for part in ALLOWED]


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
    allowed = {("explain", "engine", "evaluator"), ("models", "torch_detector"), ("models", "load"),
               ("models", "plausibility"), ("explain", "checks", "randomize")}  # fmt: skip
    for path, parts in modules():
        if parts[0] in CALLERS and parts not in allowed:
            text = path.read_text(encoding="utf-8")
            assert "detector.logits(" not in text.replace("evaluator.", ""), path
            assert ".module(" not in text.replace("evaluator.module(", ""), path
