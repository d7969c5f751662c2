"""What an alert tells: two sentences, and links to its runbook, its dashboard and the page that acts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus.dashboards import NARROWS, Dashboard, Page

# the deployment's own addresses are external labels of Prometheus, dropped again before Alertmanager
SERVICE = "{{ $externalLabels.service_url }}"
GRAFANA = "{{ $externalLabels.grafana_url }}"
RUNBOOKS = "{{ $externalLabels.runbooks_url }}"
ALERTS: Page = "/alerts"


@dataclass(frozen=True)
class Story:
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
            "dashboard_url": f"{GRAFANA}/d/watchroom-{self.dashboard}{query(shown)}",
            "action_url": f"{SERVICE}{self.action}{query([*which, *carried.values()])}",
        }


def query(pairs: Iterable[str]) -> str:
    """These pairs as the query string of an address."""
    joined = "&".join(pairs)
    return f"?{joined}" if joined else ""
