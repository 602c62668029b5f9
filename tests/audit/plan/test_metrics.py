"""Which metrics an audit names."""

import importlib
import pkgutil

import xaudit.metrics
from xaudit.audit.plan.metrics import all_metrics


def test_metrics_that_no_audit_computes_are_not_named_whoever_imported_them():
    before = all_metrics()
    for module in pkgutil.walk_packages(xaudit.metrics.__path__, "xaudit.metrics."):
        importlib.import_module(module.name)
    assert all_metrics() == before
    assert not {"froc_area"} & {one.name for one in before}
