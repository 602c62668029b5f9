"""What a run will cost: the counts are those of the stages themselves."""

from dataclasses import replace
from itertools import count

import pytest
import yaml

from tests.conftest import audit_text, fill_workspace
from xaudit.audit.config.read_config import read_config
from xaudit.audit.plan.plan import make_plan
from xaudit.audit.probes.runner import run_probes
from xaudit.audit.probes.worker import crew_of
from xaudit.audit.run.parts import load_part
from xaudit.audit.run.shards import Run, run_shards
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import MapRow, Store
from xaudit.executors.serial import Serial
from xaudit.pipeline.clocks import Clocks
from xaudit.pipeline.cost import rest_of, run_cost, seconds_of
from xaudit.pipeline.rehearsal import Rehearsed, Spent, rehearse
from xaudit.pipeline.shorten import HOUR, Change, shorten
from xaudit.pipeline.workload import MAPS

DEEP = {
    "checks": {"cases": 2, "cascade": 2, "smooth": 1, "subsets": 16, "repeats": 1},
    "shortcuts": 4,
    # So many superpixels that the blocks of coalitions have one size, whatever the image.
    "methods": {
        "gradcam": {},
        "integrated_gradients": {"steps": 4, "max_steps": 4},
        "shap": {"samples": 40, "segments": 24},
        "lime": {"samples": 40, "segments": 24},
    },
}


@pytest.fixture(scope="module", name="plan")
def plan_fixture(phantom_folder, tmp_path_factory):
    """A plan of a deep audit; nothing is written to its folder, which a test looks at."""
    workspace = fill_workspace(phantom_folder, tmp_path_factory.mktemp("deep"))
    content = yaml.safe_load(audit_text())
    content["explain"] |= DEEP | {"cases": 4}
    content["robustness"] = {"cases": 4, "maps": 2, "corruptions": ["noise"]}
    path = workspace / "deep.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return make_plan(read_config(path)[0], None)


def _really(plan, folder):
    """Stage → (forward, backward) that the stages of a real run pass through the detector."""
    part = load_part(plan)
    engine = part.engine
    cost, counted = engine.evaluator.cost, {}
    seen = [0, 0]

    def note(name):
        forward, backward = cost.forward - seen[0], cost.backward - seen[1]
        before = counted.get(name, (0, 0))
        counted[name] = (before[0] + forward, before[1] + backward)
        seen[:] = [cost.forward, cost.backward]

    _ = engine.evaluator.sizes
    run = Run(folder, lambda step: None, Serial(), crew_of(plan, folder, [part]))
    run_shards(part, run)
    note("score and maps")
    results = Results.load(Store(folder), plan.record)
    run_probes([part], results, replace(run, listen=lambda step: note(step.name)))
    return counted


def _steps(seconds):
    """A clock that advances whenever it is asked, on a machine however busy."""
    asked = count()
    return lambda: seconds * next(asked)


def _clocks(wall, processor=None, queued=0.0):
    return Clocks(
        *(_steps(one) for one in (wall, wall if processor is None else processor, queued))
    )


@pytest.mark.heavy
def test_a_preview_counts_what_each_stage_really_passes(plan, tmp_path_factory):
    really = _really(plan, tmp_path_factory.mktemp("run"))
    said = {one.name: one.spent for one in run_cost(plan, rehearse(plan, _clocks(0.3)))}
    together = [said["score"], *(one for name, one in said.items() if name.startswith(MAPS + ":"))]
    said["score and maps"] = sum(together, Spent())
    for name, (forward, backward) in really.items():
        if forward:
            assert said[name].forward == pytest.approx(forward, rel=0.15), name
            assert said[name].backward == pytest.approx(backward, rel=0.15), name
    for exact in ("degrade", "maps of degraded images", "check faithfulness"):
        assert said[exact].forward == really[exact][0]
    assert really["check smooth randomization"][0] > 0
    there = sorted(path.name for path in plan.config.data.root.parent.iterdir())
    assert there == ["audit.yaml", "deep.yaml", "policy.yaml", "study", "weights.safetensors"]


def test_what_is_switched_off_costs_nothing(workspace):
    content = yaml.safe_load(audit_text())
    content["explain"] |= {"cases": 0, "shortcuts": 0, "gallery": False}
    content["robustness"] = {"cases": 0, "maps": 0}
    path = workspace / "bare.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    plan = make_plan(read_config(path)[0], None)
    stages = run_cost(plan, rehearse(plan))
    assert [one.name for one in stages] == ["start", "score", "findings"]


def test_a_check_that_would_rehearse_too_long_is_reckoned_as_its_maps(plan):
    each = rehearse(plan, _clocks(3600.0)).each
    assert each["check randomization"] == each[MAPS]
    assert each["check smooth randomization"] == each[MAPS].times(2)


@pytest.mark.parametrize(
    ("processor", "queued", "share"), [(0.1, 0.0, 1 / 3), (0.6, 0.25, 1 / 6), (0.6, 0.0, 1)]
)
def test_what_other_programs_take_is_no_time_of_the_run(plan, processor, queued, share):
    rehearsed = rehearse(plan, _clocks(0.3, processor, queued))
    stages = run_cost(plan, rehearsed)
    assert rest_of(stages) == pytest.approx(share * seconds_of(stages))
    assert all(one.spent.rest <= one.spent.seconds for one in stages)


def test_a_busy_machine_is_no_reason_to_shorten(plan):
    busy = Rehearsed(("head",), {MAPS: Spent(10, 0, HOUR, 1.0)}, Spent(), _rehearsed().maps)
    assert seconds_of(run_cost(plan, busy)) == 4 * HOUR
    assert shorten(plan, busy) is None


def _rehearsed(**each):
    names = {
        name.replace("_", " "): Spent(10, 0, seconds, seconds) for name, seconds in each.items()
    }
    return Rehearsed(("head",), names, Spent(), (MapRow("a", "gradcam", {}, forward=10),))


def test_a_run_below_an_hour_is_left_alone(plan):
    assert shorten(plan, _rehearsed(maps=1.0)) is None


def test_what_saves_most_is_shortened_just_as_far_as_it_must(plan):
    long = _changed(plan, "robustness", cases=60)
    rehearsed = _rehearsed(maps=10.0, degrade=2.0)
    # 4 maps take 40 s; 60 cases are degraded in 4 steps of 2 s.
    assert seconds_of(run_cost(long, rehearsed)) == 40 + 480
    found = shorten(long, rehearsed, allowed=500.0)
    assert found.changes == (Change("robustness.cases", 60, 57),)
    assert found.enough
    found = shorten(long, rehearsed, allowed=200.0)
    assert found.changes == (Change("robustness.cases", 60, 40),)
    assert not found.enough


def test_changes_bring_it_below_the_hour(plan):
    checks = plan.config.explain.checks.model_copy(update={"cascade": 3, "smooth": 2})
    long = _changed(plan, "explain", checks=checks)
    rehearsed = _rehearsed(maps=45.0, check_randomization=570.0, check_smooth_randomization=900.0)
    # Two checked cases: 2 × 3 × 570 s and 2 × 2 × 900 s.
    assert seconds_of(run_cost(long, rehearsed)) == 180 + 3420 + 3600
    found = shorten(long, rehearsed)
    assert found.changes == (Change("explain.checks.smooth", 2, 0),)
    assert found.enough
    assert found.seconds == HOUR


def _changed(plan, section, **values):
    part = getattr(plan.config, section).model_copy(update=values)
    return replace(plan, config=plan.config.model_copy(update={section: part}))
