"""Whether every query of every dashboard answers on the running system: healthy, and with faults.

`python -m benchmarks.dashboards.truth` asks with both databases, and with `sqlite` or `postgres` with one.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.dashboards.prometheus_client import Answer, Prometheus, Range, dashboards, defaults, targets
from benchmarks.dashboards.quiet import FAULTS, quiet
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.stack.watchroom import Watchroom

HOUR = 3_600
PATIENCE = 300.0
PAUSE = 3.0
DATABASES = ("postgres", "sqlite")
# traffic from which modules can be judged
PEAK = "8"


@contextmanager
def watchroom(database: str) -> Iterator[Watchroom]:
    """`make run` with the demo on this database."""
    with ExitStack() as servers:
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-truth-")))
        # the demo's PostgreSQL runs as a user of its own, who must get through to its files
        folder.chmod(0o711)
        more = {"DEMO_DATABASE": database, "DEMO_POSTGRES_PORT": str(free_port()), "DEMO_TRAFFIC_PEAK": PEAK}
        run = Watchroom(folder, [sys.executable, "-m", "stack"], more)
        servers.enter_context(started(run))
        yield run


def send(method: str, address: str, body: Mapping[str, Any] | None = None) -> None:
    """A request that must succeed."""
    data = json.dumps(body).encode() if body is not None else None
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data, head, method=method)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - as above
        pass


def asked(prometheus: Prometheus) -> list[Answer]:
    """Every query of every dashboard, once."""
    shown = Range(HOUR, time.time())
    return [
        answer
        for name, board in dashboards().items()
        for answer in prometheus.ask_all(targets(name, board), shown, defaults(board))
    ]


def silent(answers: list[Answer], matters: Callable[[Answer], bool]) -> list[str]:
    """The queries that should answer and do not, and those that are refused."""
    return sorted(
        {
            f"{it.target.name} {it.error}".strip()
            for it in answers
            if it.error or (not it.series and matters(it))
        }
    )


def should_answer(database: str, answer: Answer) -> bool:
    """Whether a healthy system on this database has an answer."""
    it = answer.target
    return quiet(it.board, it.panel, it.letter, database) is None


def has_fault(database: str, answer: Answer) -> bool:
    """Whether a fault makes it answer."""
    it = quiet(answer.target.board, answer.target.panel, answer.target.letter, database)
    return it is not None and it.fault in FAULTS


def settled(
    prometheus: Prometheus, matters: Callable[[Answer], bool]
) -> tuple[list[Answer], list[str], float]:
    """Ask until all that should answer do, or the time is over: the answers, who is silent, seconds."""
    began = time.monotonic()
    while True:
        answers = asked(prometheus)
        left = silent(answers, matters)
        passed = time.monotonic() - began
        if not left or passed > PATIENCE:
            return answers, left, passed
        time.sleep(PAUSE)


@dataclass(frozen=True)
class Outcome:
    """What should answer in one state of the system, what does not, and after how many seconds."""

    system: str
    queries: int
    silent: list[str]
    seconds: float


def measured(databases: Sequence[str] = DATABASES) -> list[Outcome]:
    """The running system on each database, first healthy, then, on the first of them, with faults."""
    found = []
    for database in databases:
        with watchroom(database) as run:
            prometheus = Prometheus(run.address("PROMETHEUS_PORT"))
            found.append(outcome(f"healthy, {database}", prometheus, partial(should_answer, database)))
            if database == databases[0]:
                found.append(with_faults(run, prometheus, database))
    return found


def with_faults(run: Watchroom, prometheus: Prometheus, database: str) -> Outcome:
    """What answers only while something is wrong."""
    for name, parameters in FAULTS.items():
        send("POST", run.address("DEMO_CONTROL_PORT", f"/faults/{name}"), parameters)
    named = " and ".join(FAULTS)
    return outcome(f"with {named}, {database}", prometheus, partial(has_fault, database))


def outcome(system: str, prometheus: Prometheus, matters: Callable[[Answer], bool]) -> Outcome:
    """Ask until all that should answer do."""
    answers, left, seconds = settled(prometheus, matters)
    return Outcome(system, sum(map(matters, answers)), left, seconds)


def main() -> int:
    """Tell what answers, and what does not."""
    command_line = argparse.ArgumentParser(prog="python -m benchmarks.dashboards.truth", description=__doc__)
    command_line.add_argument("database", nargs="*", help="sqlite, postgres; default: both")
    outcomes = measured(command_line.parse_args().database or DATABASES)
    for it in outcomes:
        answered = it.queries - len(it.silent)
        sys.stdout.write(f"{it.system}: {answered} of {it.queries} queries answer after {it.seconds:.0f} s\n")
        sys.stdout.writelines(f"    silent: {name}\n" for name in it.silent)
    return int(any(it.silent for it in outcomes))


if __name__ == "__main__":
    sys.exit(main())
