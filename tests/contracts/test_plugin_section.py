"""The package of docs/how-to/add-a-section.md, installed and printed by an ordinary card."""

import json

import pytest

pytestmark = pytest.mark.heavy  # installs a package and audits with it


def test_a_section_of_a_package_is_printed_and_translated(install, xaudit_of, table_audit):
    installed = install("add-a-section.md", "missed.py")
    found = next(
        one["estimate"]
        for one in json.loads((table_audit / "findings.json").read_text("utf-8"))["findings"]
        if one["metric"] == "sensitivity" and "group" not in one["scope"]
    )
    xaudit_of(installed, "card", table_audit)
    card = (table_audit / "card.html").read_text(encoding="utf-8")
    section = card[card.index('id="package-missed"') :]
    assert "What is missed?" in section
    assert f">{found['n'] - found['k']}</td>" in section
    xaudit_of(installed, "verify", table_audit)
    xaudit_of(installed, "card", table_audit, "--language", "de")
    assert "Übersehene Frakturen" in (table_audit / "card.html").read_text(encoding="utf-8")
