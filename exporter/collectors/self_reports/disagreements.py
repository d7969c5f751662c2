"""One series for each subject of which there is a report and an observation: 1 where they differ."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.collectors.self_reports.sight import sight
from exporter.collectors.self_reports.table import compared
from exporter.metrics import Gauge
from exporter.sources import Sources

DISAGREES = Gauge(
    "ops_self_report_disagrees",
    "Whether the backend's report on the subject differs (1) from what is observed or agrees with it (0).",
    ("subject", "reported", "observed"),
)
METRICS = (DISAGREES,)
SUBJECTS = 200  # modules, models, queues and stored model names are bounded each for itself


async def read(sources: Sources) -> Iterable[Metric]:
    """What is unknown on either side is no disagreement, and no agreement."""
    found = list(compared(await sight(sources)))[:SUBJECTS]
    length = sources.settings.limits.label_length
    return (
        DISAGREES.of(
            (label(words.subject, length), words.reported, words.observed, float(words.disagrees))
            for words in found
        ),
    )
