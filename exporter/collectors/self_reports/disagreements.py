"""One series for each subject of which there is a report and an observation: 1 where they differ."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.collectors.self_reports.sight import read_comparison_input
from exporter.collectors.self_reports.table import run_checks
from exporter.metrics import Gauge
from exporter.sources import Sources

DISAGREES = Gauge(
    "ops_self_report_disagrees",
    "Whether the backend's report on the subject differs (1) from what is observed or agrees with it (0).",
    ("subject", "reported", "observed"),
)
DISAGREEMENTS_METRICS = (DISAGREES,)
MAX_SUBJECTS = 200  # modules, models, queues and stored model names are bounded each for itself


async def read_disagreements(sources: Sources) -> Iterable[Metric]:
    """What is unknown on either side is no disagreement, and no agreement."""
    found = list(run_checks(await read_comparison_input(sources)))[:MAX_SUBJECTS]
    length = sources.settings.limits.label_length
    return (
        DISAGREES.of(
            (label(words.subject, length), words.reported, words.observed, float(words.disagrees))
            for words in found
        ),
    )
