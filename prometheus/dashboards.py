"""The dashboards that an alert may lead to; their uids are `watchroom-` and the name."""

from typing import Literal

Dashboard = Literal[
    "overview", "module", "api", "database", "events", "cache", "workers", "models", "engagement",
    "recommendations", "ingestion", "alerts", "slo", "stack",
]  # fmt: skip
# the pages of the service that act
Page = Literal["/", "/jobs", "/ingest", "/workers", "/embeddings", "/cache", "/alerts", "/preferences"]
