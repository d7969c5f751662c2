"""What is measured, one function a table."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from benchmarks.scraping import Scrape, Scraper, quantile, side_by_side
from benchmarks.system import System, cpu_seconds, frozen, resident_mib

Row = tuple[str, ...]
CHEAP = (
    "workers.queues", "workers.up", "database.pool", "database.ping", "cache.ping", "api.totals",
    "modules.status", "ingestion.queues", "ingestion.worker",
)  # fmt: skip
# seconds between full scrapes: seldom enough that each asks every source anew, and often enough that the
# sources are asked beside them
SELDOM, OFTEN = 3.6, 0.6
JOINING = ("modules", "self_reports")  # they read what others have asked
NOTICED = 15.0  # seconds within which a frozen source must be seen to be down
UP = {
    "Redis": ("redis_up", "ops_broker_up", "ops_ingestion_redis_up"),
    "PostgreSQL": ("ops_database_up", "pg_up"),
    "backend": ("ops_backend_up",),
}


def warm_up(system: System, seconds: float = 15.0) -> None:
    """Wait until every collector has had its first answer."""
    deadline = time.monotonic() + seconds
    while failing_sources(Scraper(system.url).once()) and time.monotonic() < deadline:
        time.sleep(OFTEN)


def full_scrapes(system: System, scrapers: int, seconds: float, apart: float) -> Row:
    """Whole scrapes by this many readers at their own moments; what the idle exporter uses is left out."""
    readers = [Scraper(system.url) for _ in range(scrapers)]
    # long enough that a pass over the keys now and then weighs little
    idle = cpu_rate(system, 9.0)
    began, before = time.monotonic(), cpu_seconds(system.exporter.pid)
    side_by_side(readers, seconds, apart)
    spent = cpu_seconds(system.exporter.pid) - before - idle * (time.monotonic() - began)
    taken = [scrape for reader in readers for scrape in reader.taken]
    last, slowest = taken[-1], max(taken, key=lambda scrape: scrape.seconds)
    cost = 1000 * spent / (len(taken) + scrapers)
    sizes = (len(last.text), last.wire)
    return (
        f"{scrapers} at {apart:g} s", str(len(taken)), *times(taken),
        # few scrapes in a long time cost less than what goes on beside them wavers
        f"{cost:.1f}" if apart == OFTEN else "-", str(len(last.series())),
        *(f"{size / 1000:.0f} kB" for size in sizes), f"{resident_mib(system.exporter.pid):.0f}",
        slowest_source(slowest),
    )  # fmt: skip


def slowest_source(scrape: Scrape) -> str:
    """For which collectors this scrape waited longest, without those that wait for all others."""
    took = sorted(
        ((value, name) for name, value in scrape.durations().items() if name not in JOINING), reverse=True
    )
    return ", ".join(f"`{name}` {1000 * value:.0f} ms" for value, name in took[:2])


def cheap_scrapes(system: System, seconds: float) -> Iterator[Row]:
    """Each cheap part alone at four scrapes a second, all at the same time; then all in one scrape."""
    readers = [Scraper(system.url, [name]) for name in CHEAP]
    side_by_side(readers, seconds, 0.25)
    for reader in readers:
        yield (f"`{reader.collectors[0]}`", str(len(reader.taken)), *times(reader.taken))
    idle = cpu_rate(system, 2.0)
    before, together = cpu_seconds(system.exporter.pid), Scraper(system.url, CHEAP)
    together.keep_at_it(seconds, 0.25)
    share = 100 * ((cpu_seconds(system.exporter.pid) - before) / seconds - idle)
    yield (
        f"all of them in one scrape ({share:.0f} % of a core)",
        str(len(together.taken)),
        *times(together.taken),
    )


def frozen_sources(system: System) -> Iterator[Row]:
    """The page while one source is stopped where it stands: how soon it comes, and what it lacks."""
    for name, freeze in freezes(system).items():
        whole, began = Scraper(system.url).once(), time.monotonic()
        with freeze():
            scrapes = [Scraper(system.url).once()]
            while not is_down(scrapes[-1], name) and time.monotonic() < began + NOTICED:
                scrapes.append(Scraper(system.url).once())
            noticed = time.monotonic() - began
            gone = whole.series() - scrapes[-1].series()
            longest = max(scrape.seconds for scrape in (*scrapes, Scraper(system.url).once()))
        ups = [f"`{up}` {value:g}" for up in UP[name] if (value := scrapes[-1].value(up)) is not None]
        yield (
            name, f"{longest:.2f} s", ", ".join(ups), f"{noticed:.1f} s",
            ", ".join(f"`{c}`" for c in sorted(failing_sources(scrapes[-1]))) or "none",
            f"{len(gone)} of {len(whole.series())}", f"{seconds_to_recover(system):.1f} s",
        )  # fmt: skip


def freezes(system: System) -> dict[str, Callable[[], AbstractContextManager[None]]]:
    """How to freeze each source."""
    return {
        "Redis": lambda: frozen_server(system.redis.freeze, system.redis.thaw),
        "PostgreSQL": lambda: frozen_server(system.postgres.freeze, system.postgres.thaw),
        "backend": lambda: frozen(system.processes("demo.api")),
    }


@contextmanager
def frozen_server(freeze: Callable[[], None], thaw: Callable[[], None]) -> Iterator[None]:
    """A server stopped where it stands."""
    freeze()
    try:
        yield
    finally:
        thaw()


def seconds_to_recover(system: System) -> float:
    """Seconds until every collector succeeds again; infinity where they do not within 30 s."""
    began = time.monotonic()
    while failing_sources(Scraper(system.url).once()):
        if time.monotonic() - began > 30:
            return float("inf")
        time.sleep(0.2)
    return time.monotonic() - began


def is_down(scrape: Scrape, source: str) -> bool:
    """Whether the page says that the source does not answer."""
    return all(scrape.value(up) == 0 for up in UP[source])


def failing_sources(scrape: Scrape) -> set[str]:
    """The collectors that did not succeed."""
    lines = (line for line in scrape.text.splitlines() if line.startswith("ops_collector_success{"))
    return {line.split('"')[1] for line in lines if line.endswith(" 0.0")}


def cpu_rate(system: System, seconds: float) -> float:
    """Share of a core that the exporter uses while nobody scrapes it."""
    before = cpu_seconds(system.exporter.pid)
    time.sleep(seconds)
    return (cpu_seconds(system.exporter.pid) - before) / seconds


def times(scrapes: Sequence[Scrape]) -> tuple[str, str]:
    """Median and 99th percentile in milliseconds."""
    return f"{quantile(scrapes, 0.5):.1f}", f"{quantile(scrapes, 0.99):.1f}"
