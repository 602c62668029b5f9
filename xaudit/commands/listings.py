"""``xaudit methods`` and ``xaudit metrics``: what there is."""

from __future__ import annotations

from rich.table import Table

from xaudit.commands.console import out


def methods() -> None:
    """List the attribution methods: what each answers, its parameters, its cost."""
    from xaudit.explain.port import EXPLAINERS, load_built_in, make_explainer

    load_built_in()
    table = Table("method", "question", "parameters", "cost per case", "library", box=None)
    for name in EXPLAINERS:
        explainer = make_explainer(name, {})
        forward, backward = explainer.cost()
        params = "\n".join(f"{key}: {value}" for key, value in explainer.params.items())
        cost = f"{forward} forward\n{backward} backward"
        table.add_row(name, explainer.question, params, cost, explainer.library)
        table.add_section()
    out.print(table)


def metrics() -> None:
    """List the metrics: what each answers, its bounds and its direction."""
    from xaudit.audit.plan.metrics import all_metrics

    table = Table("metric", "family", "question", "better", "range", box=None)
    for facts in all_metrics():
        low = "−∞" if facts.low is None else f"{facts.low:g}"
        high = "∞" if facts.high is None else f"{facts.high:g}"
        table.add_row(facts.name, facts.family, facts.question, facts.better, f"{low} to {high}")
    out.print(table)
