"""The annotations of an alert: two sentences, and links to its runbook, its dashboard and its action."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Dashboard = Literal[
    "overview", "module", "api", "database", "events", "cache", "workers", "models", "engagement",
    "recommendations", "ingestion", "alerts", "slo", "stack",
]  # fmt: skip
# the labels of an alert that these dashboards can be narrowed down to
NARROWS: Mapping[Dashboard, frozenset[str]] = {
    "overview": frozenset({"module"}),
    "module": frozenset({"module"}),
    "api": frozenset({"module"}),
    "workers": frozenset({"queue_name"}),
    "alerts": frozenset({"signal"}),
}
# the pages of the service that act
Page = Literal["/", "/jobs", "/ingest", "/workers", "/embeddings", "/cache", "/alerts", "/preferences"]


# the deployment's own addresses are external labels of Prometheus, dropped again before Alertmanager
SERVICE = "{{ $externalLabels.service_url }}"
GRAFANA = "{{ $externalLabels.grafana_url }}"
RUNBOOKS = "{{ $externalLabels.runbooks_url }}"
ALERTS: Page = "/alerts"


@dataclass(frozen=True)
class AlertAnnotations:
    """What a person who gets the alert is told, and where it leads."""

    alert: str
    summary: str
    description: str
    dashboard: Dashboard
    action: str = ALERTS
    labels: Sequence[str] = ()

    def annotations(self) -> Mapping[str, str]:
        """The annotations that every alert has, with the labels of its series carried into the links."""
        carried = {name: f"{name}={{{{ $labels.{name} | urlquery }}}}" for name in self.labels}
        shown = [f"var-{it}" for name, it in carried.items() if name in NARROWS.get(self.dashboard, ())]
        # the page of all alerts is told which one is meant
        which = [f"alertname={self.alert}"] if self.action == ALERTS else []
        return {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{RUNBOOKS}#{self.alert.lower()}",
            "dashboard_url": f"{GRAFANA}/d/watchroom-{self.dashboard}{query_string(shown)}",
            "action_url": f"{SERVICE}{self.action}{query_string([*which, *carried.values()])}",
        }


def query_string(pairs: Iterable[str]) -> str:
    """These pairs as the query string of an address."""
    joined = "&".join(pairs)
    return f"?{joined}" if joined else ""
