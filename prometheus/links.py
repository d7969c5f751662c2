"""What an alert tells: two sentences, and links to its runbook, its dashboard and the page that acts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# the deployment's own addresses are external labels of Prometheus, dropped again before Alertmanager
SERVICE = "{{ $externalLabels.service_url }}"
GRAFANA = "{{ $externalLabels.grafana_url }}"


@dataclass(frozen=True)
class Story:
    """What a person who gets the alert is told, and where it leads."""

    alert: str
    summary: str
    description: str
    dashboard: str
    action: str = "/alerts"
    labels: Sequence[str] = ()

    def annotations(self) -> Mapping[str, str]:
        """The annotations that every alert has, with the labels of its series carried into the links."""
        return {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{SERVICE}/runbooks#{self.alert.lower()}",
            "dashboard_url": f"{GRAFANA}/d/watchroom-{self.dashboard}{query(self.labels, 'var-')}",
            "action_url": f"{SERVICE}{self.action}{query(self.labels, '')}",
        }


def query(labels: Sequence[str], prefix: str) -> str:
    """The query string that carries these labels of the series into a page."""
    pairs = [f"{prefix}{name}={{{{ $labels.{name} | urlquery }}}}" for name in labels]
    return f"?{'&'.join(pairs)}" if pairs else ""
