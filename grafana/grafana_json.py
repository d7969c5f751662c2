"""grafanalib's frame around the field and option JSON that Grafana expects today.

grafanalib 0.7.1 writes what Grafana 6 to 8 read; all that is known of its traps ends in this file.
"""

from typing import Any

import attr
from grafanalib import core

from grafana.sizes import Size
from prometheus.peer_jobs import accept_peer_jobs

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# keys that grafanalib writes and no Grafana of today reads
DEAD_IN_PANEL = (
    "cacheTimeout",
    "editable",
    "error",
    "height",
    "minSpan",
    "span",
    "timeShift",
)
DEAD_IN_TARGET = ("intervalFactor", "step", "metric", "target", "query")
DEAD_IN_SHELL = ("__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style", "id")


@attr.s
class Panel(core.Panel):  # type: ignore[misc]  # grafanalib has no types
    """A panel of any kind, with its options and field configuration as Grafana reads them."""

    kind: str = attr.ib(default="timeseries")
    defaults: dict[str, Any] = attr.ib(factory=dict)
    overrides: list[dict[str, Any]] = attr.ib(factory=list)
    options: dict[str, Any] = attr.ib(factory=dict)
    width: int | None = attr.ib(default=None)
    size: Size = attr.ib(factory=lambda: Size(8, 8))
    # grafanalib's names and other defaults
    maxDataPoints: int | None = attr.ib(default=None)  # noqa: N815
    hideTimeOverride: bool | None = attr.ib(default=None)  # noqa: N815

    def to_json_data(self) -> dict[str, Any]:
        """The panel without what is dead or empty."""
        field_config = {"defaults": self.defaults, "overrides": self.overrides}
        body = self.panel_json({"type": self.kind, "options": self.options})
        body["fieldConfig"] = field_config
        return without(body, DEAD_IN_PANEL)


@attr.s
class Row(core.RowPanel):  # type: ignore[misc]
    """A row with its title; a closed one holds its panels itself."""

    inside: list[Panel] = attr.ib(factory=list)

    def to_json_data(self) -> dict[str, Any]:
        """The row as Grafana writes it itself."""
        return {
            "collapsed": self.collapsed,
            "gridPos": self.gridPos,
            "id": self.id,
            "panels": self.inside,
            "title": self.title,
            "type": "row",
        }


@attr.s
class Query(core.Target):  # type: ignore[misc]
    """A PromQL query; `instant` for the present value, `format` table for rows."""

    datasource: dict[str, str] = attr.ib(factory=lambda: dict(DATASOURCE))

    def to_json_data(self) -> dict[str, Any]:
        """The target without what is dead; what is not instant is a range."""
        body = without(super().to_json_data(), DEAD_IN_TARGET)
        expr = accept_peer_jobs(body["expr"])
        return {**body, "expr": expr, "range": not self.instant, "editorMode": "code"}

    def of_range(self) -> "Query":
        """This query, asked over the range."""
        return self._with(instant=False, format="time_series")

    def of_now(self) -> "Query":
        """This query, asked for the present value."""
        return self._with(instant=True, format="time_series")

    def as_rows(self) -> "Query":
        """This query, asked for the present values as the rows of a table."""
        return self._with(instant=True, format="table")

    def _with(self, **fields: Any) -> "Query":
        # mypy cannot see the fields that grafanalib gives it
        return attr.evolve(self, **fields)


@attr.s
class DashboardJson(core.Dashboard):  # type: ignore[misc]
    """A dashboard of the present schema."""

    def to_json_data(self) -> dict[str, Any]:
        """The dashboard without what is dead."""
        return without(super().to_json_data(), DEAD_IN_SHELL)


@attr.s
class TimePicker(core.TimePicker):  # type: ignore[misc]
    """How often a dashboard may ask again, and the ranges that are one click away."""

    def to_json_data(self) -> dict[str, Any]:
        """The picker as Grafana reads it since it lets dashboards choose their ranges."""
        ranges = [
            {"display": f"Last {past}", "from": f"now-{past}", "to": "now"} for past in self.timeOptions
        ]
        return {"hidden": False, "quick_ranges": ranges, "refresh_intervals": self.refreshIntervals}


@attr.s
class Variable(core.Template):  # type: ignore[misc]
    """A variable; asked again when the time range changes."""

    def to_json_data(self) -> dict[str, Any]:
        """The variable without what is dead or empty."""
        dead = ("useTags", "tagsQuery", "tagValuesQuery", "auto", "auto_min", "auto_count")
        body = without(super().to_json_data(), dead)
        current = {
            key: value for key, value in body["current"].items() if key != "tags" and value is not None
        }
        return {**body, "query": accepting(body["query"]), "current": current}


def accepting(query: Any) -> Any:
    """The query of a variable, with selectors that find the names of other exporters under their jobs."""
    return {**query, "query": accept_peer_jobs(query["query"])} if isinstance(query, dict) else query


def picker(refresh: list[str], ranges: list[str]) -> TimePicker:
    """A picker; mypy cannot see the fields that grafanalib gives it."""
    given: dict[str, Any] = {"refreshIntervals": refresh, "timeOptions": ranges}
    return TimePicker(**given)


def variable(name: str, query: object, current: dict[str, Any], **fields: Any) -> Variable:
    """A variable; mypy cannot see the fields that grafanalib gives it."""
    given: dict[str, Any] = {"name": name, "query": query, **fields}
    it = Variable(**given)
    it._current = current  # grafanalib derives it from a default that cannot say "all"
    return it


def query(expr: str, legend: str = "", *, instant: bool = False, rows: bool = False) -> Query:
    """A query of a range, of this instant, or of this instant as rows of a table."""
    given: dict[str, Any] = {"expr": expr, "instant": instant or rows}
    given |= {"legendFormat": legend or "__auto", "format": "table" if rows else "time_series"}
    return Query(**given)


def without(body: dict[str, Any], dead: tuple[str, ...]) -> dict[str, Any]:
    """The body less the dead keys and less what is None or empty and means nothing."""
    return {k: v for k, v in body.items() if k not in dead and v is not None and v not in ("", [])}
