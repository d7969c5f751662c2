"""What the exporter and the servers around it offer: names, labels, and the job that has them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from exporter.collectors import postgresql_fields
from exporter.collectors.fastapi import FASTAPI, INSTRUMENTATOR
from exporter.collectors.peers import PREFIXES
from exporter.inventory import list_metrics
from exporter.metrics import MetricDesc

EXPORTER, BACKEND = "exporter", "backend"
JOBS_FILE = "prometheus/jobs.yml"
PARTS = {
    "histogram": {"_bucket": ("le",), "_sum": (), "_count": ()},
    "summary": {"": ("quantile",), "_sum": (), "_count": ()},
}
# labels that a setting adds: the beginning of the names, the label, the setting
OPTIONAL_LABELS = (("celery_task_", "hostname", "celery.task_hosts"),)
# what Prometheus adds to every job, and what servers show of themselves, whose labels are their own
OF_PROMETHEUS = re.compile(r"up|scrape_\w+|ALERTS(_FOR_STATE)?")
OF_SERVERS = re.compile(r"(prometheus|alertmanager|grafana|go|process|promhttp|net_conntrack)_\w+")


@dataclass(frozen=True)
class Offer:
    """A series that is here: its labels and jobs (None: unknown), and jobs to switch on that have it."""

    name: str
    labels: frozenset[str] | None
    jobs: tuple[str, ...] | None
    switchable: tuple[str, ...] = ()


@cache
def offers() -> dict[str, Offer]:
    """Every series that the exporter can show, by name."""
    found = {it.name: it for it in (*own_offers(), *recorded_offers())}
    for metric in (it for part in FASTAPI.parts for it in part.metrics):
        jobs = (BACKEND,) if metric in INSTRUMENTATOR else ()
        for name, labels in series_of(metric):
            found[name] = Offer(name, labels, jobs, (FASTAPI.name,))
    return found


def own_offers() -> Iterator[Offer]:
    """What is on the exporter's page by default, and what is only on the pages of other exporters' jobs."""
    for entry in list_metrics():
        peer = next((job for job, prefix in PREFIXES.items() if entry.metric.name.startswith(prefix)), "")
        for name, labels in series_of(entry.metric):
            default = () if peer and entry.on_request else (EXPORTER,)
            yield Offer(name, labels, default, (peer,) if peer else ())


def recorded_offers() -> Iterator[Offer]:
    """What rules record where the job is switched on (prometheus/earlier_names.py)."""
    for metric in (*postgresql_fields.BGWRITER.values(), *postgresql_fields.BGWRITER_DETAILS.values()):
        yield Offer(metric.name.removesuffix("_total"), frozenset(), (), ("postgres",))


def series_of(metric: MetricDesc) -> Iterator[tuple[str, frozenset[str]]]:
    """The series of one metric: names and labels."""
    for suffix, further in PARTS.get(metric.kind, {"": ()}).items():
        yield metric.name + suffix, frozenset((*metric.labels, *further))


def find_offers(name: str) -> list[Offer]:
    """The offers of this name; a metric may stand for many names (`pg_settings_*`)."""
    if OF_PROMETHEUS.fullmatch(name) or OF_SERVERS.fullmatch(name):
        return [Offer(name, None, None)]
    if name in offers():
        return [offers()[name]]
    return [it for it in offers().values() if it.name.endswith("*") and name.startswith(it.name[:-1])]


def near_names(name: str) -> list[str]:
    """Names here that begin or end like this one, to say what there is instead."""
    stem = re.sub(r"_(total|bucket|sum|count)$", "", name)
    return sorted(it for it in offers() if stem and it.removesuffix("_total") in (stem, f"{stem}_seconds"))
