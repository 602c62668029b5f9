"""The card as a PDF, printed by an installed Chromium: every section open, tagged for readers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from xaudit.errors import InstallError
from xaudit.report.cards.render import content_hash
from xaudit.report.exports.paper import Paper

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SECONDS = 300


def print_pdf(page: Path, paper: Paper = Paper.a4) -> bytes:
    """Print a page.

    Args:
        page: an HTML file.
        paper: format of the pages.

    Raises:
        InstallError: there is no Chromium, or it could not print.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InstallError(
            "a PDF is printed by Chromium, and none is installed: `apt-get install chromium`, or "
            "open the card in any browser and print it; sections open by themselves"
        )
    with tempfile.TemporaryDirectory() as folder:
        out, sized = Path(folder) / "card.pdf", Path(folder) / "card.html"
        sized.write_text(_on_paper(page.read_text("utf-8"), paper), "utf-8")
        command = [
            browser, "--headless", "--disable-gpu", f"--user-data-dir={folder}/profile",
            # A sandbox of its own is refused to root, as in most containers.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--no-pdf-header-footer", "--generate-pdf-document-outline",
            f"--print-to-pdf={out}", sized.as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InstallError(f"{browser}: could not print: {error}") from None
        if not out.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise InstallError(f"{browser}: could not print: {' '.join(said) or done.returncode}")
        return out.read_bytes()


def _on_paper(text: str, paper: Paper) -> str:
    """The page with its paper named in its style, which its policy then allows."""
    found = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    if found is None:
        return text
    old = found[1]
    new = old.replace("size:auto", f"size:{paper}").replace(
        "size:landscape", f"size:{paper} landscape"
    )
    return text.replace(content_hash(old), content_hash(new)).replace(old, new)
