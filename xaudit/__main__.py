"""``python -m xaudit``."""

import os
import sys


def start() -> int:
    """Run the command line without the folder that Python puts first on its path.

    It is the current one, or that of a script: a ``torch.py`` there would run in place of the
    library.

    Returns:
        The exit code.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    first = sys.path[0]
    if not sys.flags.safe_path and (first in {"", home} or first == os.getcwd()):
        del sys.path[0]
        # A checkout that is not installed is still found, behind every library.
        if first == home:
            sys.path.append(home)
    from xaudit.commands import main  # noqa: PLC0415

    return main()


if __name__ == "__main__":
    raise SystemExit(start())
