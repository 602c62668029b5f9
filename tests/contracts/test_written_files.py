"""Files of an audit are written by `xaudit.audit.store.disk` alone, which keeps them whole."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "xaudit"
PLACES = (
    "audit", "compare", "provenance", "pipeline", "verify", "scrub", "qualification", "commands",
)  # fmt: skip
DOOR = PACKAGE / "audit" / "store" / "disk.py"
# Who writes in another way, what it calls, and why nothing of an audit can be lost by it.
OTHERWISE = {
    ("provenance/ledger.py", "open"): "appends under a lock, through disk.append",
    ("audit/store/store.py", "savez_compressed"): "into a file that the door opened",
    ("audit/store/store.py", "write_table"): "into a file that the door opened",
    ("audit/store/case_files.py", "ParquetWriter"): "into a file that the door opened",
    ("audit/store/case_files.py", "write_table"): "into a file that the door opened",
    ("audit/store/lock.py", "unlink"): "the lock, where nothing else is in the folder",
    ("audit/store/lock.py", "rmdir"): "a folder that holds nothing",
    **dict.fromkeys(
        (
            ("audit/store/patient_key.py", name)
            for name in ("mkdir", "fdopen", "link", "replace", "unlink")
        ),
        "a key, which is no file of an audit: kept from others, synced, given its name at once",
    ),
    ("qualification/trial.py", "mkdir"): "above the folder of an audit",
    ("qualification/studies.py", "rmtree"): "a study, which is rendered again",
    ("qualification/studies.py", "replace"): "a study, which is rendered again",
}
WRITES = {
    "write_text", "write_bytes", "touch", "mkdir", "makedirs", "rename", "renames", "unlink",
    "rmdir", "removedirs", "rmtree", "copy2", "copyfile", "copytree", "move", "symlink_to",
    "hardlink_to", "symlink", "link", "truncate", "mkstemp", "NamedTemporaryFile", "save", "savez",
    "savez_compressed", "savetxt", "tofile", "to_parquet", "to_csv", "ParquetWriter", "save_file",
    "ZipFile", "fdopen", "write_table",
}  # fmt: skip
OF_MODULES = {"os", "shutil"}


def called(node):
    """What a call names, where it could write a file; None otherwise."""
    function = node.func
    attribute = isinstance(function, ast.Attribute)
    name = function.attr if attribute else getattr(function, "id", "")
    if name == "open":
        modes = [*node.args, *(one.value for one in node.keywords if one.arg == "mode")]
        texts = [one.value for one in modes if isinstance(one, ast.Constant)]
        return name if any(set(str(text)) & set("wax+") for text in texts) else None
    if not attribute:
        # Functions of this package with such a name go through the door themselves.
        return None
    owner = getattr(function.value, "id", "")
    if name in {"replace", "remove", "copy"}:
        of_path = name == "replace" and len(node.args) == 1 and not node.keywords
        return name if owner in OF_MODULES or of_path else None
    return name if name in WRITES else None


def writers(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {(name, node.lineno) for node in calls if (name := called(node)) is not None}


def test_nothing_else_writes_or_removes_files():
    found = {}
    for place in PLACES:
        for path in sorted((PACKAGE / place).rglob("*.py")):
            if path != DOOR:
                short = path.relative_to(PACKAGE).as_posix()
                found |= {(short, name): line for name, line in writers(path)}
    assert {key: line for key, line in found.items() if key not in OTHERWISE} == {}
    assert set(OTHERWISE) <= set(found), "an exception that nobody needs"


@pytest.mark.parametrize(
    "text",
    [
        "path.write_text('x')", "open(path, 'w')", "path.open('ab')", "path.open(mode='x')",
        "os.replace(a, b)", "draft.replace(path)", "path.unlink()",
        "shutil.rmtree(path)", "np.savez(path, a=a)", "pq.write_table(table, path)",
    ],
)  # fmt: skip
def test_the_walk_sees_what_writes(text):
    assert called(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    "text",
    [
        "path.open('rb')", "write_text(path, text)", "text.replace('a', 'b')", "replace(one, a=b)",
        "path.open(encoding='utf-8')", "names.remove(one)", "values.copy()",
        "now.replace(tzinfo=UTC)",
    ],
)  # fmt: skip
def test_the_walk_sees_nothing_else(text):
    assert not called(ast.parse(text, mode="eval").body)
