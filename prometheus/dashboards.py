"""The dashboards that an alert may lead to; their uids are `watchroom-` and the name."""

from collections.abc import Mapping
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
