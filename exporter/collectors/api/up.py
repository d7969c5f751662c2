"""Whether the backend answers us, and whether it is wedged."""

import time
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

UP = Gauge(
    "ops_backend_up",
    "Whether the backend responds, with whatever HTTP status of its own. A refused connection counts at "
    "once; silence, and a proxy's 502, 503 or 504, only after three pings.",
)
WEDGED = Gauge(
    "ops_backend_wedged",
    "Whether the backend takes connections and gives no response, as with a blocked event loop.",
)
EXPORTER_STARTED = Gauge("ops_exporter_start_time_seconds", "Unix time at which the exporter started.")
UP_METRICS = (UP, WEDGED, EXPORTER_STARTED)
STARTED_AT = time.time()


async def read_up(sources: Sources) -> Iterable[Metric]:
    """Both by our own pings; they are missing before the first verdict."""
    backend = sources.backend
    up, wedged = await backend.answers(), backend.wedged()
    return (
        UP.one(None if up is None else float(up)),
        WEDGED.one(None if wedged is None else float(wedged)),
        EXPORTER_STARTED.one(STARTED_AT),
    )
