"""Run xaudit from a checkout: ``python cli.py run audit.yaml``."""

from xaudit.commands import main

if __name__ == "__main__":
    raise SystemExit(main())
