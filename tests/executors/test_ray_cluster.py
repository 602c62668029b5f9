"""A Ray cluster that cannot be used is told in a sentence, at once; see test_executors for runs."""

import socket
import sys
from functools import partial

import pytest

from xaudit.core.executor import Crew
from xaudit.errors import ConfigError, InstallError
from xaudit.executors.ray_cluster import RayCluster


def _carry_out(executor, pieces=("a",)):
    executor.carry_out(Crew(None, partial(list)), pieces, print)


@pytest.mark.parametrize(
    ("address", "match"),
    [
        ("nonsense", "expected HOST:PORT of the head"),
        ("ray://127.0.0.1:10001", "expected HOST:PORT of the head"),
        ("127.0.0.1:99999", "no Ray cluster answers"),
    ],
)
def test_an_address_of_no_cluster_is_refused_at_once(address, match):
    executor = RayCluster(1, 1, address)
    with pytest.raises(ConfigError, match=match):
        _carry_out(executor)
    executor.close()


def test_where_nobody_answers_ray_is_not_left_knocking():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: no Ray cluster answers.*ray start"):
        _carry_out(RayCluster(1, 1, f"127.0.0.1:{port}"))


def test_nothing_to_do_starts_no_cluster(monkeypatch):
    executor = RayCluster(1, 1)
    monkeypatch.setattr(executor, "_connect", lambda: pytest.fail("connected"))
    _carry_out(executor, [])


def test_a_cluster_without_room_is_refused_and_not_waited_for(monkeypatch):
    executor = RayCluster(3, 2, "auto")
    monkeypatch.setattr(executor, "_connect", lambda: None)
    monkeypatch.setattr(executor._ray, "cluster_resources", lambda: {"CPU": 4.0})
    with pytest.raises(ConfigError, match=r"4 CPUs.*for 2 workers of 2 threads, got 3"):
        _carry_out(executor)


def test_without_ray_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InstallError, match=r"pip install 'xaudit\[ray\]'"):
        RayCluster(1, 1)
