"""Run xaudit from a checkout: ``python cli.py run audit.yaml``."""

from xaudit.__main__ import start

if __name__ == "__main__":
    raise SystemExit(start())
