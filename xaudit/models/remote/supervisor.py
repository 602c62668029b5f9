"""Supervisor that runs a program and ends it, with all that it started, when its user is gone.

It is a script of its own: ``python -I -S supervisor.py FD PROGRAM ARGUMENTS…``. FD is the reading
end of a pipe that nobody writes to: at its end, whoever held the other one has closed it or died,
even by a signal that leaves no time to clean up.
"""

import _thread
import contextlib
import os
import signal
import sys


def main(lifeline: int, program: list[str]) -> int:
    """Run the program in a group of its own; its exit status, as shells count it.

    Args:
        lifeline: descriptor; the program ends with it.
        program: absolute path and arguments.
    """
    os.set_inheritable(lifeline, False)
    started = os.fork()
    if not started:
        try:
            os.setpgid(0, 0)
            # Python ignores it, and what is ignored stays so in what it starts.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execv(program[0], program)
        except OSError as error:
            os.write(2, f"cannot be started: {error.strerror}\n".encode())
        os._exit(126)
    with contextlib.suppress(OSError):
        # Also here: it may have to end before it came so far.
        os.setpgid(started, started)
    _thread.start_new_thread(_watch, (lifeline, started))
    _, status = os.waitpid(started, 0)
    # Whatever it left behind in its group.
    _kill(started)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _watch(lifeline: int, started: int) -> None:
    while os.read(lifeline, 1):
        continue
    _kill(started)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody is left; or, on some systems, only what is dead already.
        return


if __name__ == "__main__":
    os._exit(main(int(sys.argv[1]), sys.argv[2:]))
