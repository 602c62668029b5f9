"""Commands of xaudit without the seconds that the imports of libraries take.

A process imports libraries, and nothing of xaudit, and forks for each command, which has its own
environment, folder, arguments and modules. That a command starts by itself is tested elsewhere.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_SERVER = """
import json, os, runpy, sys, traceback
import jinja2, numpy, PIL.Image, pyarrow.parquet, pydantic, rich.console, scipy.stats, torch, typer

def named():
    return [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]

libraries = sys.path[len(named()):]

def command(call):
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(call["folder"])
    for name, number in (("output", 1), ("errors", 2)):
        os.dup2(os.open(call[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:] = [*named(), *libraries]
    sys.argv = ["xaudit", *call["arguments"]]
    try:
        runpy.run_module("xaudit", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

for line in sys.stdin:
    child = os.fork()
    if not child:
        code = command(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forked:
    """The process that forks; one command at a time."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-P", "-c", _SERVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(
        self, arguments: Sequence[object], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """What `python -m xaudit` does with these arguments, in this folder and environment."""
        with tempfile.TemporaryDirectory() as scratch:
            said = {name: Path(scratch) / name for name in ("output", "errors")}
            call = {
                "arguments": [*map(str, arguments)],
                "folder": str(folder),
                "environment": dict(environment),
                **{name: str(path) for name, path in said.items()},
            }
            self._server.stdin.write(json.dumps(call) + "\n")
            self._server.stdin.flush()
            code = int(self._server.stdout.readline())
            texts = [path.read_text(encoding="utf-8") for path in said.values()]
        return subprocess.CompletedProcess(call["arguments"], code, *texts)

    def close(self) -> None:
        """End it."""
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()
