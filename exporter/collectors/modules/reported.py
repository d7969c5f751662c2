"""What the backend reports of each module, word for word: nothing here was seen by us."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import States
from exporter.sources import Sources
from exporter.sources.backend.module_views import reported_status

REPORTED = States(
    "ops_module_reported_status", "Status of the module as the backend reports it.", ("module", "status")
)
REPORTED_METRICS = (REPORTED,)


async def read_reported(sources: Sources) -> Iterable[Metric]:
    """Every configured module, `unknown` without a report. Raises SourceError when there is none at all."""
    questions = sources.backend.reported
    rows = [(name, await reported_status(question)) for name, question in questions.items()]
    if questions and all(question.error for question in questions.values()):
        await next(iter(questions.values())).answer()
    return (REPORTED.of_states(rows),)
