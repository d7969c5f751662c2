"""The variables that dashboards share, with defaults that show something at once."""

from collections.abc import Sequence
from typing import Any

from grafana.modern import DATASOURCE, Variable, variable

ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}


def datasource() -> Variable:
    """Which Prometheus."""
    current = {"selected": True, "text": "Prometheus", "value": "prometheus"}
    return variable("datasource", "prometheus", current, type="datasource", label="Data source")


def of_label(name: str, metric: str, label: str, title: str) -> Variable:
    """The values of one label of one metric, any number of them, all at first."""
    several = {"includeAll": True, "multi": True, "allValue": ".+"}
    return label_values(name, metric, label, dict(ALL), label=title, **several)


def one_of_label(name: str, metric: str, label: str, title: str, first: str) -> Variable:
    """One value of a label, `first` until another is chosen."""
    current = {"selected": True, "text": first, "value": first}
    return label_values(name, metric, label, current, label=title)


def label_values(name: str, metric: str, label_name: str, current: dict[str, Any], **fields: Any) -> Variable:
    """A variable that is asked of Prometheus, and again when the time range changes."""
    text = f"label_values({metric}, {label_name})"
    query = {"query": text, "refId": f"variable-{name}", "qryType": 1}
    return variable(name, query, current, dataSource=dict(DATASOURCE), refresh=2, **fields)


def choice(name: str, title: str, values: Sequence[str]) -> Variable:
    """Fixed words to choose from, all at first."""
    options = [{"selected": False, "text": value, "value": value} for value in values]
    several = {"includeAll": True, "multi": True, "allValue": ".+"}
    return variable(name, ",".join(values), dict(ALL), type="custom", label=title, options=options, **several)
