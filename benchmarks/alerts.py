"""How soon a breach pages, and what that costs: `make bench-alerts`."""

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import report
from benchmarks.paging import breaches, cost, failure_scenarios
from benchmarks.paging.testbed import Testbed, running_testbed
from benchmarks.paging.trial import Breach, Times, attempt, side_by_side
from benchmarks.paging.users import Users

COMMAND = "make bench-alerts"
PATIENCE = 5.0  # seconds of silence after which a worker counts as dead here, 15 by default
SETTINGS = {
    "OPS_CELERY__WORKER_TIMEOUT": f"{PATIENCE:g}",
    # a module is judged over ten seconds of requests instead of sixty, so that thirty trials end today
    "OPS_JUDGEMENT__WINDOW": "10",
    "DEMO_TRAFFIC_PEAK": "1",
}
PAGES = (
    "Breach", "Times", "From significant: P50 ms", "P95 ms", "Max ms", "Over 1 s", "Lost",
    "From the first event: P50 ms", "P95 ms", "Over: P50 ms", "P95 ms",
)  # fmt: skip
TIMES = (
    "To the webhook, from the moment at which the breach can be told from chance (of requests: by the "
    "responses that the bench got) and from its first event; and from its end to the notice:"
)
ADVERSITY = ("What happens", "How often", "Result")
COST = (
    "Prometheus evaluates",
    "CPU Prometheus",
    "exporter",
    "Alertmanager",
    "Samples a second",
    "Log an hour",
)
GROUPS = ("Group", "Every", "Takes", "Left out in a minute")
RATE = 100.0
MOST_BAD = 0.01  # of the responses before the first fault


def main() -> int:
    """Break, wait, mend, again and again; write the tables and show them."""
    given = parser().parse_args()
    with running_testbed(**SETTINGS) as testbed:
        time.sleep(10)  # two scrapes of everything
        if given.requests:
            sys.stdout.write(update_requests_table(request_trials(testbed, given.times)))
            return 0
        pages = trials(testbed, given.times, given.frozen)
        hard = [
            failure_scenarios.storm(testbed),
            failure_scenarios.absent_alertmanager(testbed, given.hard),
            failure_scenarios.restarted_prometheus(testbed, given.hard),
        ]
        failure_scenarios.clear_inbox(testbed)
        groups, took = cost.groups(testbed), cost.rows(testbed, 30.0)
    text = report.write(
        "alerts",
        COMMAND,
        (
            (
                TIMES,
                PAGES,
                rows(pages),
            ),
            ("Hard times:", ADVERSITY, hard),
            ("Cost, on the same machine, with one core as 100 %:", COST, took),
            ("Evaluation of the groups that decide:", GROUPS, groups),
        ),
    )
    sys.stdout.write(text)
    return 0


def update_requests_table(pages: dict[str, Times]) -> str:
    """The table of what requests show, measured alone."""
    return report.write(
        "alerts-requests", "python -m benchmarks.alerts --requests", ((TIMES, PAGES, rows(pages)),)
    )


def trials(testbed: Testbed, times: int, frozen: int) -> dict[str, Times]:
    """All breaches; those that disturb each other one after the other."""
    found = request_trials(testbed, times)
    found |= side_by_side(
        lambda: attempt(breaches.queue(testbed), testbed.inbox, times),
        lambda: attempt(breaches.pool(testbed), testbed.inbox, times),
        lambda: attempt(breaches.worker(testbed, PATIENCE), testbed.inbox, times),
    )
    for kind, number in ((breaches.database(testbed), times), (breaches.cache(testbed), times)):
        found |= attempt(kind, testbed.inbox, number)
    for kind in breaches.frozen(testbed):
        found |= attempt(kind, testbed.inbox, frozen)
    return found


def request_trials(testbed: Testbed, times: int) -> dict[str, Times]:
    """What people notice while they use the backend: one fault at a time, or each slows the others."""
    failing = with_visitors(testbed, "/taxonomy/categories", is_error, breaches.errors, times)
    path = "/scholarly/citations/most-cited"
    return failing | with_visitors(testbed, path, is_slow, breaches.slow, times)


def with_visitors(
    testbed: Testbed,
    path: str,
    is_bad: Callable[[int, float], bool],
    kind: Callable[[Testbed, Users], list[Breach]],
    times: int,
) -> dict[str, Times]:
    """A breach of what the people notice who use this route."""
    with Users(testbed.backend(path), testbed.token(), RATE, is_bad).at_it() as users:
        time.sleep(12)
        expect_calm(users)
        return attempt(kind(testbed, users), testbed.inbox, times)


def is_error(status: int, _: float) -> bool:
    """Whether a response is a server's error."""
    return status >= 500


def is_slow(_: int, seconds: float) -> bool:
    """Whether a response is slower than the level."""
    return seconds > 0.5


def expect_calm(users: Users) -> None:
    """End the benchmark where responses are bad without a fault: its alerts would be true from the start."""
    if users.bad_share > MOST_BAD:
        raise SystemExit(
            f"{users.bad_share:.1%} of the responses fail or take over 0.5 s without a fault, at {RATE:g} "
            f"requests a second; expected at most {MOST_BAD:.0%}: the machine is too slow or busy"
        )


def rows(pages: dict[str, Times]) -> list[tuple[str, ...]]:
    """A row for each breach."""
    return [times.row(name) for name, times in pages.items()]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    it.add_argument("--times", type=int, default=30, help="trials of each breach (default: %(default)s)")
    it.add_argument(
        "--frozen", type=int, default=10, help="trials of each frozen server (default: %(default)s)"
    )
    it.add_argument("--hard", type=int, default=3, help="trials of each hard time (default: %(default)s)")
    it.add_argument("--requests", action="store_true", help="only what requests show, in a table of its own")
    return it


if __name__ == "__main__":
    sys.exit(main())
