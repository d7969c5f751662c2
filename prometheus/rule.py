"""The shape of a rule and of a group, as Prometheus reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus computes and keeps."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The rule as YAML content."""
        labels = {"labels": dict(self.labels)} if self.labels else {}
        return {"record": self.record, "expr": self.expr, **labels}


@dataclass(frozen=True)
class Alert:
    """A condition that someone is told of, and what they are told."""

    alert: str
    expr: str
    severity: str
    lane: str
    annotations: Mapping[str, str]
    hold: str = "0s"
    keep: str = "0s"
    labels: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The rule as YAML content; a hold or a keep of nothing is left out."""
        times = {"for": self.hold, "keep_firing_for": self.keep}
        given = {name: value for name, value in times.items() if value != "0s"}
        labels = {"severity": self.severity, "lane": self.lane, **self.labels}
        return {
            "alert": self.alert,
            "expr": self.expr,
            **given,
            "labels": labels,
            "annotations": dict(self.annotations),
        }


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after another at one interval."""

    name: str
    rules: Sequence[Recording | Alert]
    interval: str

    def body(self) -> dict[str, Any]:
        """The group as YAML content."""
        return {"name": self.name, "interval": self.interval, "rules": [rule.body() for rule in self.rules]}
