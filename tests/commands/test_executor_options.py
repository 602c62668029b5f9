import pytest

from xaudit.commands.options import executor
from xaudit.commands.options.executor import ChosenExecutor
from xaudit.errors import ConfigError
from xaudit.executors.processes import Processes
from xaudit.executors.ray_cluster import RayCluster
from xaudit.executors.serial import Serial


@pytest.mark.parametrize(
    ("name", "workers", "address", "match"),
    [
        ("serial", 2, None, "--workers goes with"),
        ("serial", None, "auto", "not of --executor serial"),
        ("processes", 2, "auto", "not of --executor processes"),
    ],
)
def test_options_that_do_not_go_together_are_refused(name, workers, address, match):
    with pytest.raises(ConfigError, match=match):
        ChosenExecutor.of(name, workers, address)


def test_a_table_of_predictions_is_no_work_for_several():
    ChosenExecutor.of("serial", None, None).refuse_several("a table")
    with pytest.raises(ConfigError, match="--executor ray: a table is no work for several"):
        ChosenExecutor.of("ray", 2, None).refuse_several("a table")


@pytest.mark.parametrize(
    ("name", "workers", "kind", "threads"),
    [
        ("serial", None, Serial, None),
        ("processes", None, Processes, 1),
        ("processes", 3, Processes, 2),
        ("processes", 60, Processes, 1),
        ("ray", 2, RayCluster, 4),
    ],
)
def test_cores_are_shared_out_among_workers(monkeypatch, name, workers, kind, threads):
    monkeypatch.setattr(executor, "_cores", lambda: 8)
    made = ChosenExecutor.of(name, workers, None).made()
    assert (type(made), made.threads) == (kind, threads)
    made.close()
