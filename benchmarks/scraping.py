"""Scrapes as Prometheus makes them: over a kept connection, at a fixed interval, timed."""

import gzip
import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from benchmarks import quantiles


@dataclass(frozen=True)
class Scrape:
    """One answer: how long it took, its bytes on the wire, its text."""

    seconds: float
    wire: int
    text: str

    def value(self, series: str) -> float | None:
        """The value of the series that is written so, None where it is missing."""
        for line in self.text.splitlines():
            if line.startswith(f"{series} "):
                return float(line.rpartition(" ")[2])
        return None

    def series(self) -> set[str]:
        """Every series by name and labels."""
        return {line.rpartition(" ")[0] for line in self.text.splitlines() if line and line[0] != "#"}

    def durations(self) -> dict[str, float]:
        """Seconds that each collector took."""
        lines = [x for x in self.text.splitlines() if x.startswith("ops_collector_duration_seconds{")]
        return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


@dataclass
class Scraper:
    """One reader of the page."""

    url: str
    collectors: Sequence[str] = ()
    taken: list[Scrape] = field(default_factory=list)

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that is kept."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            yield connection
        finally:
            connection.close()

    def once(self) -> Scrape:
        """One scrape over a connection of its own."""
        with self.connected() as connection:
            return self.scrape(connection)

    def scrape(self, connection: http.client.HTTPConnection) -> Scrape:
        """One scrape."""
        query = urlencode([("collect[]", name) for name in self.collectors])
        headers = {"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10"}
        began = time.perf_counter()
        connection.request("GET", f"/metrics?{query}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"the exporter answered {answer.status}; expected 200")
        return Scrape(seconds, len(body), gzip.decompress(body).decode())

    def keep_at_it(self, seconds: float, interval: float, phase: float = 0.0) -> None:
        """Scrape at this interval for so long; an answer that comes late delays none of the others."""
        with self.connected() as connection:
            self.scrape(connection)
            began = time.monotonic() + phase
            for number in range(int(seconds / interval)):
                time.sleep(max(began + number * interval - time.monotonic(), 0))
                self.taken.append(self.scrape(connection))


def side_by_side(scrapers: Sequence[Scraper], seconds: float, interval: float) -> None:
    """Let all of them scrape at the same time, each a little later than the one before."""
    threads = [
        threading.Thread(target=one.keep_at_it, args=(seconds, interval, number * interval / len(scrapers)))
        for number, one in enumerate(scrapers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def quantile(scrapes: Sequence[Scrape], share: float) -> float:
    """The duration in milliseconds below which this share of the scrapes stayed."""
    return 1000 * quantiles.quantile([scrape.seconds for scrape in scrapes], share)
