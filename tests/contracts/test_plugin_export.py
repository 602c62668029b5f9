"""The package of docs/how-to/add-an-export.md, installed and used on an ordinary audit."""


def test_a_form_of_a_package_is_written(install, xaudit_of, table_audit):
    installed = install("add-an-export.md", "ticket.py")
    xaudit_of(installed, "export", table_audit, "--format", "ticket")
    lines = (table_audit / "ticket.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "drawn 1: Small table of predictions"
    assert any("fail" in line or "inconclusive" in line for line in lines[1:])
    xaudit_of(installed, "verify", table_audit)


def test_an_unknown_form_names_those_there_are(install, xaudit_of, table_audit):
    installed = install("add-an-export.md", "ticket.py")
    said = xaudit_of(installed, "export", table_audit, "--format", "tickets", code=2)
    assert "cyclonedx, huggingface, labels, pdf, ticket" in said
