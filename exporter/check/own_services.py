"""The check of our own parts: Prometheus and the ingestion service."""

from urllib.parse import urlencode

from exporter.check.attempt import CheckDeadline, OperationCounter, try_poll, with_timeout
from exporter.check.finding import Finding, FindingState, ReportSection, advice, join_names, unset_section
from exporter.errors import SourceError
from exporter.sources import Sources
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.prometheus.queries import WATCHED
from exporter.sources.prometheus.series import parse_series

SECONDS = 3.0


async def check_prometheus(sources: Sources, _meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Check whether Prometheus has the recorded signals; their history is left to the exporter."""
    own = sources.settings.anomalies
    if own.source_url is None:
        return unset_section("prometheus", "PROMETHEUS_URL", "what is unusual")
    client = HttpClient(own.source_url, BearerToken(None, None), own.max_bytes, "Prometheus")
    path = f"/api/v1/query?{urlencode({'query': WATCHED})}"
    try:
        found = [*parse_series(await with_timeout(client.get_json(path), min(limit.left(), SECONDS)))]
    except SourceError as error:
        finding = Finding("query", FindingState.HIDDEN, str(error), advice(error, "PROMETHEUS_URL"))
        return ReportSection("prometheus", own.source_url, (finding,))
    finally:
        await client.close()
    return ReportSection("prometheus", own.source_url, (signals_finding(len(found)),))


def signals_finding(number: int) -> Finding:
    """A finding on the rules that record the signals."""
    if number:
        return Finding(WATCHED, FindingState.SEEN, f"{number} series")
    detail = "no series: the rules of prometheus/rules are not loaded, or nothing was scraped yet"
    return Finding(WATCHED, FindingState.ABSENT, detail, "Load the rules and let it scrape this exporter.")


async def check_service(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Check the routes of the ingestion service."""
    url = sources.settings.service.url
    if url is None:
        return unset_section(
            "service", "SERVICE_URL", "jobs, workers and embeddings of the ingestion service"
        )
    attempts = [await try_poll(it, meter, limit, SECONDS) for it in sources.service.pollers()]
    seen = [it.name for it in attempts if it.error is None and not it.skipped]
    findings = [Finding("routes", FindingState.SEEN, join_names(seen))] if seen else []
    findings += [
        Finding(it.name, FindingState.HIDDEN, str(it.error), advice(it.error, "SERVICE_URL"))
        for it in attempts
        if it.error is not None
    ]
    return ReportSection("service", url, tuple(findings), tuple(it.poll for it in attempts if it.poll))
