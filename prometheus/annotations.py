"""The annotations of an alert: two sentences, and links to its runbook, its dashboard and its action."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Dashboard = Literal[
    "overview", "module", "api", "database", "postgresql", "events", "cache", "workers", "models",
    "engagement", "recommendations", "ingestion", "alerts", "slo", "stack",
]  # fmt: skip
# labels of an alert that are also variables of these dashboards
NARROWS: Mapping[Dashboard, frozenset[str]] = {
    "overview": frozenset({"module"}),
    "module": frozenset({"module"}),
    "api": frozenset({"module"}),
    "workers": frozenset({"queue_name"}),
    "alerts": frozenset({"signal"}),
}
# pages of the service on which an operator acts on an alert
Page = Literal["/", "/jobs", "/ingest", "/workers", "/embeddings", "/cache", "/alerts", "/preferences"]


# the addresses of a deployment are external labels of Prometheus, which drops them before Alertmanager
SERVICE = "{{ $externalLabels.service_url }}"
GRAFANA = "{{ $externalLabels.grafana_url }}"
RUNBOOKS = "{{ $externalLabels.runbooks_url }}"
ALERTS: Page = "/alerts"


@dataclass(frozen=True)
class AlertAnnotations:
    """The texts and the links of one alert."""

    alert: str
    summary: str
    description: str
    dashboard: Dashboard
    action: str = ALERTS
    labels: Sequence[str] = ()

    def annotations(self) -> Mapping[str, str]:
        """The annotations as a mapping; the labels of the alert are parameters of its links."""
        carried = {name: f"{name}={{{{ $labels.{name} | urlquery }}}}" for name in self.labels}
        shown = [f"var-{it}" for name, it in carried.items() if name in NARROWS.get(self.dashboard, ())]
        # the page of all alerts needs the name of this one
        which = [f"alertname={self.alert}"] if self.action == ALERTS else []
        return {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{RUNBOOKS}#{self.alert.lower()}",
            "dashboard_url": f"{GRAFANA}/d/watchroom-{self.dashboard}{query_string(shown)}",
            "action_url": f"{SERVICE}{self.action}{query_string([*which, *carried.values()])}",
        }


def query_string(pairs: Iterable[str]) -> str:
    """These pairs as a query string, empty without any."""
    joined = "&".join(pairs)
    return f"?{joined}" if joined else ""
