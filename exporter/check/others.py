"""What can be seen of our own parts: Prometheus and the ingestion service."""

from urllib.parse import urlencode

from exporter.check.advice import advice
from exporter.check.attempt import Meter, TimeLimit, attempt, bounded
from exporter.check.finding import Finding, Section, State, joined, not_set
from exporter.errors import SourceError
from exporter.sources import Sources
from exporter.sources.backend.client import HttpClient
from exporter.sources.backend.token import BearerToken
from exporter.sources.prometheus.answers import series
from exporter.sources.prometheus.pieces import WATCHED

SECONDS = 3.0


async def prometheus(sources: Sources, _meter: Meter, limit: TimeLimit) -> Section:
    """Whether Prometheus has the recorded signals; a look at the past is left to the exporter."""
    own = sources.settings.anomalies
    if own.prometheus_url is None:
        return not_set("prometheus", "PROMETHEUS_URL", "what is unusual")
    client = HttpClient(own.prometheus_url, BearerToken(None, None), own.max_bytes, "Prometheus")
    path = f"/api/v1/query?{urlencode({'query': WATCHED})}"
    try:
        found = [*series(await bounded(client.document(path), min(limit.left(), SECONDS)))]
    except SourceError as error:
        finding = Finding("query", State.HIDDEN, str(error), advice(error, "PROMETHEUS_URL"))
        return Section("prometheus", own.prometheus_url, (finding,))
    finally:
        await client.close()
    return Section("prometheus", own.prometheus_url, (recorded(len(found)),))


def recorded(number: int) -> Finding:
    """Whether the rules that record the signals are loaded."""
    if number:
        return Finding(WATCHED, State.SEEN, f"{number} series")
    detail = "no series: the rules of prometheus/rules are not loaded, or nothing was scraped yet"
    return Finding(WATCHED, State.ABSENT, detail, "Load the rules and let it scrape this exporter.")


async def service(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """The ingestion service, over its routes."""
    url = sources.settings.service.url
    if url is None:
        return not_set("service", "SERVICE_URL", "jobs, workers and embeddings of the ingestion service")
    attempts = [await attempt(it, meter, limit, SECONDS) for it in sources.service.questions()]
    seen = [it.name for it in attempts if it.error is None and not it.skipped]
    findings = [Finding("routes", State.SEEN, joined(seen))] if seen else []
    findings += [
        Finding(it.name, State.HIDDEN, str(it.error), advice(it.error, "SERVICE_URL"))
        for it in attempts
        if it.error is not None
    ]
    return Section("service", url, tuple(findings), tuple(it.poll for it in attempts if it.poll))
