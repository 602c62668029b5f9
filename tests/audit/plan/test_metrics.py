"""Which metrics an audit names."""

import importlib
import pkgutil

import xaudit.metrics
from xaudit.audit.analyses.port import TABLES
from xaudit.audit.plan.metrics import all_metrics, metrics_of


def test_metrics_that_no_audit_computes_are_not_named_whoever_imported_them():
    before = all_metrics()
    for module in pkgutil.walk_packages(xaudit.metrics.__path__, "xaudit.metrics."):
        importlib.import_module(module.name)
    assert all_metrics() == before
    # Boxes are a table that few audits have.
    assert "froc_area" in {one.name for one in before}
    assert "froc_area" not in {one.name for one in metrics_of(TABLES)}
