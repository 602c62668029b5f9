"""Pieces of probes stand alone, are kept, and a fault of a package is a reason."""

from types import SimpleNamespace

import pytest

from xaudit.audit.config.read_config import read_config
from xaudit.audit.plan.plan import make_plan
from xaudit.audit.probes.port import PROBES, Audited, Piece, Probe, as_probe, wanted
from xaudit.audit.probes.runner import clear_pieces
from xaudit.audit.run.engine import readable
from xaudit.audit.run.parts import load_part
from xaudit.audit.scores.probe_tables import OURS, read_probed, table_of
from xaudit.audit.store.files import read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow, Store
from xaudit.core.detector import InputSpec
from xaudit.errors import AuditError, ConfigError, RegistryError
from xaudit.testing import tiny_study

SEEN = InputSpec(32, 32)


class Counting(Probe):
    """Says how often it was asked; a piece of each case."""

    name = "counting"
    asked = 0
    breaks_at = None

    def pieces(self):
        cases = self.audited.plan.study.cases
        return [Piece("count", (case,), case.case_id, 1) for case in cases]

    def rows(self, piece, cases):
        if piece.key == self.breaks_at:
            raise AuditError("the disk is full")
        type(self).asked += 1
        yield from (ProbeRow(one.case.case_id, "", "n", "", "", 1.0, None) for one in cases)


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(Counting, "asked", 0)
    monkeypatch.setattr(Counting, "__module__", "xaudit.tests")
    return Counting


@pytest.fixture
def audit(tmp_path):
    study = tiny_study(tmp_path / "study", patients=4, seed=1)
    config = SimpleNamespace(seed=3, probes={})
    engine = SimpleNamespace(detector=SimpleNamespace(input=SEEN))
    return SimpleNamespace(study=study, config=config), engine


def test_what_was_finished_is_kept_and_torn_pieces_are_made_anew(
    audit, counting, carried_out, tmp_path, monkeypatch
):
    ids = [case.case_id for case in audit[0].study.cases]
    monkeypatch.setattr(counting, "breaks_at", ids[-1])
    with pytest.raises(AuditError, match="full"):
        carried_out(counting, audit, (), tmp_path)
    assert counting.asked == len(ids) - 1
    assert not table_of(tmp_path, "counting").exists()
    pieces = sorted((tmp_path / "probes" / "counting").iterdir())
    assert len(pieces) == len(ids) - 1
    pieces[0].write_bytes(pieces[0].read_bytes()[:40])
    monkeypatch.setattr(counting, "breaks_at", None)
    told = []
    rows = carried_out(counting, audit, (), tmp_path, told.append)
    assert counting.asked == len(ids) + 1
    assert [row.case_id for row in rows] == ids
    assert (told[-1].share, told[-1].kept) == (1, len(ids) - 2)
    clear_pieces(tmp_path)
    assert not (tmp_path / "probes").exists()
    assert carried_out(counting, audit, (), tmp_path) == rows
    assert counting.asked == len(ids) + 1
    assert read_probed(tmp_path) == {"counting": rows}


def test_a_case_that_went_away_is_missing_and_nothing_else(audit, counting, carried_out, tmp_path):
    gone = audit[0].study.cases[1]
    gone.image.path.unlink()
    rows = carried_out(counting, audit, (), tmp_path)
    assert [row.case_id for row in rows] == [
        case.case_id for case in audit[0].study.cases if case is not gone
    ]


def test_a_fault_of_a_package_is_a_reason_on_its_cases(
    audit, counting, carried_out, tmp_path, monkeypatch, caplog
):
    first = audit[0].study.cases[0].case_id
    monkeypatch.setattr(counting, "breaks_at", first)
    monkeypatch.setattr(counting, "__module__", "shaky.probe")
    rows = carried_out(counting, audit, (), tmp_path)
    assert (rows[0].case_id, rows[0].metric, rows[0].value) == (first, "counting", None)
    assert rows[0].undefined == "the package shaky failed: AuditError: the disk is full"
    assert all(row.value == 1 for row in rows[1:])
    assert "shaky" in caplog.text


@pytest.mark.parametrize("place", ["__init__", "pieces"])
def test_a_package_that_cannot_even_plan_costs_the_audit_nothing_but_its_probe(
    audit, counting, carried_out, tmp_path, monkeypatch, place
):
    def fails(self, *given):
        raise KeyError("threshold")

    scored = [SimpleNamespace(case_id=name, logit=1.0) for name in ("a", "b")]
    results = SimpleNamespace(cases=[*scored, SimpleNamespace(case_id="c", logit=None)])
    monkeypatch.setattr(counting, place, fails)
    with pytest.raises(KeyError):
        carried_out(counting, audit, results, tmp_path)
    monkeypatch.setattr(counting, "__module__", "shaky.probe")
    rows = carried_out(counting, audit, results, tmp_path)
    assert [row.case_id for row in rows] == ["a", "b"]
    assert {row.undefined for row in rows} == {"the package shaky failed: KeyError: 'threshold'"}
    assert read_probed(tmp_path) == {"counting": rows}


@pytest.fixture
def named(monkeypatch):
    wanted(_plan())  # The probes of xaudit are registered once, and stay when this one goes.
    monkeypatch.setattr(PROBES, "_things", dict(PROBES._things))

    @as_probe("halved")
    class Halved(Counting):
        def __init__(self, audited, cases=5):
            super().__init__(audited)
            self.cases = cases

    return Halved


def _plan(**probes):
    return SimpleNamespace(config=SimpleNamespace(probes=probes))


def test_a_probe_of_a_package_is_wanted_where_it_is_named(named):
    assert [one.kind.name for one in wanted(_plan())] == list(OURS)
    last = wanted(_plan(halved={"cases": 2}))[-1]
    assert last.kind is named
    assert last.on(None).cases == 2


@pytest.mark.parametrize(
    ("probes", "error", "match"),
    [
        ({"halved": {"case": 2}}, ConfigError, "halved.case: no such parameter; there is: cases"),
        ({"nothing": {}}, RegistryError, "no probe 'nothing'"),
        ({"checks": {}}, ConfigError, "is a probe of xaudit"),
    ],
)
def test_a_probe_that_cannot_be_carried_out_is_refused(named, probes, error, match):
    with pytest.raises(error, match=match):
        wanted(_plan(**probes))


@pytest.mark.heavy
def test_pieces_give_the_same_rows_in_any_order_and_on_any_machine(finished):
    """The last piece first, and each of them by a probe that has seen no other."""
    plan = make_plan(read_config(finished.parent / "audit.yaml")[0], None)
    engine, record = load_part(plan).engine, read_json(finished / "plan.json", PlanRecord)
    audited = Audited(plan, engine, Results.load(Store(finished), record))
    written = read_probed(finished)
    for one in wanted(plan):
        pieces, found = one.on(audited).pieces(), {}
        for number in reversed(range(len(pieces))):
            probe = one.on(audited)
            ready = readable(pieces[number].cases, engine.detector.input)
            found[number] = list(probe.rows(probe.pieces()[number], ready))
        rows = [row for number in range(len(pieces)) for row in found[number]]
        assert rows == written.get(one.kind.name, []), one.kind.name
