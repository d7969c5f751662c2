"""The requests of the backend by route, under the names that public FastAPI dashboards read.

They are no part of the exporter's page, since the backend's own page has them as well: a job `fastapi` reads
them alone. The names are those of prometheus-fastapi-instrumentator, of starlette_exporter, and of the
dashboard "FastAPI Observability". What the backend does not count, as exceptions by class, is missing.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporter.collector import Collector, Part
from exporter.metrics import Counter, Gauge, Histogram, Info, MetricDesc, Summary, SummaryData
from exporter.sources import Sources
from exporter.sources.backend.route_requests import RouteRequests

COUNT = "Requests by route template and status, of all processes behind the URL, ours included."
TIME = "Duration of requests by route template."
RUNNING = "Requests in progress."
REQUESTS = Counter("http_requests_total", COUNT, ("handler", "method", "status"))
DURATION = Histogram("http_request_duration_seconds", TIME, ("handler", "method"))
PRECISE = Histogram("http_request_duration_highr_seconds", "Duration of requests, with fine buckets.")
REQUEST_SIZE = Summary("http_request_size_bytes", "Size of requests by their Content-Length.", ("handler",))
RESPONSE_SIZE = Summary(
    "http_response_size_bytes", "Size of responses by their Content-Length.", ("handler",)
)
IN_PROGRESS = Gauge("http_requests_inprogress", RUNNING)
INSTRUMENTATOR = (REQUESTS, DURATION, PRECISE, REQUEST_SIZE, RESPONSE_SIZE, IN_PROGRESS)

STARLETTE_LABELS = ("app_name", "method", "path")
BY_STATUS = (*STARLETTE_LABELS, "status_code")
STARLETTE_REQUESTS = Counter("starlette_requests_total", COUNT, BY_STATUS)
STARLETTE_DURATION = Histogram("starlette_request_duration_seconds", TIME, STARLETTE_LABELS)
STARLETTE_IN_PROGRESS = Gauge("starlette_requests_in_progress", RUNNING, ("app_name",))
STARLETTE = (STARLETTE_REQUESTS, STARLETTE_DURATION, STARLETTE_IN_PROGRESS)

APP = Info("fastapi_app_info", "The watched application (`backend.app_name`).", ("app_name",))
OBSERVED_REQUESTS = Counter("fastapi_requests_total", "Requests by route template.", STARLETTE_LABELS)
OBSERVED_RESPONSES = Counter("fastapi_responses_total", COUNT, BY_STATUS)
OBSERVED_DURATION = Histogram("fastapi_requests_duration_seconds", TIME, STARLETTE_LABELS)
OBSERVED_IN_PROGRESS = Gauge("fastapi_requests_in_progress", RUNNING, ("app_name",))
OBSERVABILITY = (APP, OBSERVED_REQUESTS, OBSERVED_RESPONSES, OBSERVED_DURATION, OBSERVED_IN_PROGRESS)

STARTED = Gauge("process_start_time_seconds", "Start of the newest process of the backend (Unix time).")
MEMORY = Gauge("process_resident_memory_bytes", "Resident memory of the backend's processes.")
CPU = Counter("process_cpu_seconds_total", "CPU time of the backend's processes, user and system.")
OPEN_FILES = Gauge("process_open_fds", "Open file descriptors of the backend's processes.")
MAX_FILES = Gauge("process_max_fds", "File descriptors that one process of the backend may open.")
PROCESS = (STARTED, MEMORY, CPU, OPEN_FILES, MAX_FILES)
RENAMED = {"handler": "path", "status": "status_code"}


async def read_instrumentator(sources: Sources) -> Iterable[Metric]:
    """As the backend's own page has them."""
    found = await sources.backend.by_route.get()
    return (
        labelled(REQUESTS, found.counts(REQUESTS.name)),
        histogram(DURATION, found, {}),
        histogram(PRECISE, found, {}, PRECISE.name),
        sizes(REQUEST_SIZE, found),
        sizes(RESPONSE_SIZE, found),
        labelled(IN_PROGRESS, ((dict(labels), value) for labels, value in found.in_progress.items())),
    )


async def read_starlette(sources: Sources) -> Iterable[Metric]:
    """As starlette_exporter names them, with route templates as paths."""
    found, app = await sources.backend.by_route.get(), {"app_name": sources.settings.backend.app_name}
    return (
        labelled(STARLETTE_REQUESTS, renamed(found, app)),
        histogram(STARLETTE_DURATION, found, app),
        STARLETTE_IN_PROGRESS.family([(app["app_name"], total_in_progress(found))]),
    )


async def read_observability(sources: Sources) -> Iterable[Metric]:
    """As the dashboard "FastAPI Observability" reads them."""
    found, app = await sources.backend.by_route.get(), {"app_name": sources.settings.backend.app_name}
    return (
        APP.info(app["app_name"]),
        labelled(OBSERVED_REQUESTS, without_status(renamed(found, app))),
        labelled(OBSERVED_RESPONSES, renamed(found, app)),
        histogram(OBSERVED_DURATION, found, app),
        OBSERVED_IN_PROGRESS.family([(app["app_name"], total_in_progress(found))]),
    )


async def read_process(sources: Sources) -> Iterable[Metric]:
    """The backend's processes."""
    totals = await sources.backend.totals.get()
    return (
        STARTED.single(totals.started),
        MEMORY.single(totals.memory),
        CPU.single(totals.cpu_seconds),
        OPEN_FILES.single(totals.open_files),
        MAX_FILES.single(totals.max_files),
    )


def labelled(metric: MetricDesc, series: Iterable[tuple[Mapping[str, str], float]]) -> Metric:
    """The family with these series; a label that the backend does not give is missing."""
    family = metric.empty_family()
    family.samples.extend(Sample(metric.name, dict(labels), value) for labels, value in series)
    return family


def histogram(
    metric: Histogram, found: RouteRequests, app: Mapping[str, str], source: str = DURATION.name
) -> Metric:
    """The histograms of the source, under the names of this metric and, with an app, under its labels."""
    family = metric.empty_family()
    for labels, data in found.histograms(source):
        family.samples.extend(metric.samples(rename(labels, app), data))
    return family


def sizes(metric: Summary, found: RouteRequests) -> Metric:
    """Sum and count by the labels that the backend gives."""
    family = metric.empty_family()
    for labels, data in found.histograms(metric.name):
        family.samples.extend(metric.samples(labels, SummaryData({}, data.total, data.count)))
    return family


def renamed(found: RouteRequests, app: Mapping[str, str]) -> Iterator[tuple[dict[str, str], float]]:
    """The requests with labels in Starlette's words."""
    return ((rename(labels, app), value) for labels, value in found.counts(REQUESTS.name))


def rename(labels: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    """The labels in Starlette's words and those of the app; unchanged without an app."""
    return (
        {**{RENAMED.get(name, name): value for name, value in labels.items()}, **app} if app else {**labels}
    )


def without_status(
    series: Iterable[tuple[Mapping[str, str], float]],
) -> Iterator[tuple[dict[str, str], float]]:
    """The sums over statuses."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for labels, value in series:
        key = tuple((name, it) for name, it in labels.items() if name != "status_code")
        sums[key] = sums.get(key, 0.0) + value
    return ((dict(key), value) for key, value in sums.items())


def total_in_progress(found: RouteRequests) -> float | None:
    """Requests in progress; None where the backend does not count them."""
    return sum(found.in_progress.values()) if found.in_progress else None


FASTAPI = Collector(
    "fastapi",
    "the backend's requests by route, for a job fastapi; only as `collect[]=fastapi`",
    (
        Part("instrumentator", read_instrumentator, INSTRUMENTATOR),
        Part("starlette", read_starlette, STARLETTE),
        Part("observability", read_observability, OBSERVABILITY),
        Part("process", read_process, PROCESS),
    ),
)
