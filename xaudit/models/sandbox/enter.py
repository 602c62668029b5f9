"""Puts a program into the box: ``python -I -S enter.py SETTINGS PROGRAM ARGUMENTS…``.

SETTINGS is JSON: ``shown``, what it sees, see `Seen` (null where bubblewrap has raised the walls
already), ``memory`` in bytes, ``processes`` that it may have (0: it may start none).
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from xaudit.models.sandbox.kernel import call
from xaudit.models.sandbox.syscall_filter import install
from xaudit.models.sandbox.walls import enclose, separate

REFUSED = 125
"""Exit status where the box cannot be made."""
_DIES_WITH_PARENT, _NO_NEW_RIGHTS, _DROP_BOUND = 1, 38, 24
_CAPABILITY_VERSION = 0x20080522


def main(settings: dict[str, object], program: list[str]) -> int:
    """Make the box and run the program in it; its exit status, as shells count it.

    Args:
        settings: see above.
        program: absolute path and arguments.
    """
    shown = settings["shown"]
    if shown is None:
        return _run(settings, program)
    separate()
    # Processes started from here on live in the new namespace, the first of them keeps it alive.
    started = os.fork()
    if not started:
        call("prctl", _DIES_WITH_PARENT, int(signal.SIGKILL), 0, 0, 0)
        enclose(shown)  # type: ignore[arg-type]
        return _run(settings, program)
    _, status = os.waitpid(started, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _run(settings: dict[str, object], program: list[str]) -> int:
    memory, processes = int(str(settings["memory"])), int(str(settings["processes"]))
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        _limit(kind, most)
    if processes:
        _limit(resource.RLIMIT_NPROC, processes)
    # Libraries keep caches at home, and there is none.
    os.environ["HOME"] = "/tmp"
    _without_rights()
    install(forks=bool(processes))
    os.execv(program[0], program)


def _limit(kind: int, most: int) -> None:
    """Lower a limit; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _without_rights() -> None:
    """Give up every capability for good, also those that root has in a namespace of its own."""
    call("prctl", _NO_NEW_RIGHTS, 1, 0, 0, 0)
    for one in range(64):
        try:
            call("prctl", _DROP_BOUND, one, 0, 0, 0)
        except OSError:
            # The kernel knows fewer of them, or this process may not: it has none then.
            break
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    call("capset", ctypes.byref(head), ctypes.byref((ctypes.c_uint32 * 6)()))


if __name__ == "__main__":
    try:
        _code = main(json.loads(sys.argv[1]), sys.argv[2:])
    except OSError as _error:
        os.write(2, f"the sandbox cannot be made: {_error.strerror}\n".encode())
        _code = REFUSED
    os._exit(_code)
