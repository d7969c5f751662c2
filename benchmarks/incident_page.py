"""How long the page of an incident takes among a hundred thousand: `make bench WHAT=incident_page`."""

import argparse
import asyncio
import statistics
import sys
from pathlib import Path

from sqlalchemy import select, update

from benchmarks import report
from benchmarks.incident_rows import INCIDENTS, fill
from benchmarks.incidents import request_times
from benchmarks.quantiles import quantile
from benchmarks.reading_load import signed_in
from benchmarks.servers import databases
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from tests.ingestion_api.pages.recorded_incident import Recorded, record
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

COMMAND = "make bench WHAT=incident_page"
TIMES = 100
EARLIER = 500  # former times of the same alert
GOAL = 300  # milliseconds for all but the slowest twentieth
HEADINGS = ("Database", "P50 ms", "P95 ms", "Goal ms", "Bytes")
LABELS = {
    "alertname": "ApiErrorsHigh",
    "severity": "critical",
    "module": "search",
    "signal": "api_error_ratio",
}
Row = tuple[str, ...]


def main() -> int:
    """Measure on both kinds of database, with a Prometheus that recorded the incident; write the table."""
    rows: list[Row] = []
    with databases() as (folder, redis, urls):
        (folder / "prometheus").mkdir()
        recorded = record(folder / "prometheus")
        with started(recorded.server):
            for name, fresh in urls.items():
                rows.append(_row(folder / name, redis, recorded, name, fresh()))
    title = f"The page of an incident with {EARLIER} earlier times, {INCIDENTS} incidents are known:"
    sys.stdout.write(report.write("incident_page", COMMAND, ((title, HEADINGS, rows),)))
    return 0


def _row(folder: Path, redis: RedisServer, recorded: Recorded, name: str, url: str | None) -> Row:
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(
        folder, redis.url, log_level="warning", outbox_period=60, prometheus_url=recorded.server.url, **more
    )
    address = url or f"sqlite:///{folder}/service/service.db"
    fill(address)
    number = _incident(address, recorded)
    with started(ServiceProcess(folder / "service.log", env)) as service:
        taken, size = asyncio.run(_all(int(service.url.rpartition(":")[2]), number))
    usual, slow = statistics.median(taken), quantile(taken, 0.95)
    return (name, f"{1000 * usual:.1f}", f"{1000 * slow:.1f}", str(GOAL), str(size))


def _incident(url: str, recorded: Recorded) -> int:
    """Let the latest incidents be times of one alert, and the last of them that which is recorded."""
    store = Store.at(url)
    with store.write() as session:
        ids = session.scalars(select(Alert.id).order_by(Alert.id.desc()).limit(EARLIER + 1)).all()
        same = {"fingerprint": "feed", "labels": LABELS, "signal": "api_error_ratio", "name": "ApiErrorsHigh"}
        session.execute(update(Alert).where(Alert.id.in_(ids)).values(**same))
        times = {"starts_at": recorded.start, "ends_at": recorded.end, "status": "resolved"}
        session.execute(update(Alert).where(Alert.id == ids[0]).values(**times, severity="critical"))
    store.close()
    return ids[0]


async def _all(port: int, number: int) -> tuple[list[float], int]:
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nCookie: {await signed_in(port)}\r\n\r\n"
    return await request_times(port, f"/alerts/{number}", head, TIMES)


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.incident_page", description=__doc__).parse_args()
    sys.exit(main())
