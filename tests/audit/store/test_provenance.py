"""Code of other packages that runs in every audit is named."""

import importlib.metadata

from xaudit.audit.store.provenance import PLUG_INS, provenance


def test_installed_plug_ins_are_listed(monkeypatch):
    assert "plug-ins" not in provenance({}, {})
    entry = importlib.metadata.EntryPoint("x", "a_package.method", PLUG_INS[0])
    found = {PLUG_INS[0]: [entry]}
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found.get(group, []))
    assert provenance({}, {})["plug-ins"] == "a_package.method"
