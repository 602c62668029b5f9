"""``python -m xaudit``."""

from xaudit.commands import main

if __name__ == "__main__":
    raise SystemExit(main())
