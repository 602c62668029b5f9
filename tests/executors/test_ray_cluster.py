"""A Ray cluster that cannot be used is told in a sentence, at once; see test_executors for runs."""

import socket
import sys

import pytest

from xaudit.errors import ConfigError, InstallError
from xaudit.executors.ray_cluster import RayCluster


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
        executor.open()
    executor.close()


def test_where_nobody_answers_ray_is_not_left_knocking():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: no Ray cluster answers.*ray start"):
        RayCluster(1, 1, f"127.0.0.1:{port}").open()


def test_a_cluster_without_room_is_refused_and_not_waited_for(monkeypatch):
    executor = RayCluster(3, 2, "auto")
    monkeypatch.setattr(executor, "_connect", lambda: None)
    monkeypatch.setattr(executor._ray, "cluster_resources", lambda: {"CPU": 4.0})
    with pytest.raises(ConfigError, match=r"4 CPUs.*for 2 workers of 2 threads, got 3"):
        executor.open()


def test_without_ray_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InstallError, match=r"pip install 'xaudit\[ray\]'"):
        RayCluster(1, 1)
