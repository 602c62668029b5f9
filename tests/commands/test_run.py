"""What ``xaudit run`` prints at its end."""

from pathlib import Path
from types import SimpleNamespace

from xaudit.commands import run as command
from xaudit.core.record.finding import ExplanationVerdict
from xaudit.core.record.suspicion import Suspicion


def test_every_method_has_a_verdict_with_its_reason(monkeypatch, capsys):
    findings = SimpleNamespace(
        accountability=SimpleNamespace(
            scored=5, listed=6, explained=2, unreadable=1, sample_why="few"
        ),
        detector=SimpleNamespace(format="network"),
        suspicions=(Suspicion("constant_score", "Always 3."),),
        explanations=(
            ExplanationVerdict("gradcam", "may_be_believed", ("Likeness: 0.1, below 0.5.",)),
            ExplanationVerdict("lime", "not_shown", ("Gain: -0.2, not above 0.", "Edges: 0.1.")),
        ),
    )
    monkeypatch.setattr(command, "_run", lambda *_: findings)
    said_first = "xaudit.report.elements.first_screen.said_first"
    monkeypatch.setattr(said_first, lambda _: ("No: the marker decides.",))
    command.run(Path("audit.yaml"), Path("out"))
    said = capsys.readouterr().err.splitlines()
    assert (
        "maps of gradcam: may be believed (passes the sanity checks). Likeness: 0.1, below 0.5."
        in said
    )
    assert "maps of lime: not shown to be about this model. Gain: -0.2, not above 0." in said
    assert any("constant_score" in line and "Always 3." in line for line in said)
    assert said[-2] == "No: the marker decides."
