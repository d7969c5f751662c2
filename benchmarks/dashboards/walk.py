"""From the overview to the cause and the action under each fault: `make bench WHAT=dashboards ROW=walk`."""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dashboards import links
from benchmarks.dashboards.first_screen import FIRING, Seen, contradictions, first_screen
from benchmarks.dashboards.links import Browser, DeadEnd
from benchmarks.dashboards.prometheus_client import Prometheus
from benchmarks.dashboards.screen import Cell, Screen
from benchmarks.dashboards.truth import send
from benchmarks.dashboards.walks import UNSEEN, WALKS, Click, Look, Walk
from benchmarks.report import Row
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.stack.operator_client import OperatorClient
from tests.stack.watchroom import Watchroom

# seconds until all is calm
CALM = 120.0
PAUSE = 2.0
# the worker of another application cannot be known as such but by its name
DEMO = {"DEMO_TRAFFIC_PEAK": "8", "OPS_CELERY__FOREIGN_WORKERS": '["watchroom-*", "invoices@*"]'}
HEAD = ("Fault", "Seen after", "The overview says", "Clicks to the cause", "It says", "Clicks to the action")


@dataclass(frozen=True)
class Walked:
    """What was seen under a fault, after how many seconds; what was wrong on the way."""

    fault: str
    seconds: float
    seen: str
    told: str
    wrong: tuple[str, ...]


@contextmanager
def walking(**more: str) -> Iterator[tuple[Watchroom, Browser]]:
    """`make run` with the demo, and somebody who has signed in."""
    with tempfile.TemporaryDirectory(prefix="watchroom-walk-") as folder:
        # the demo's PostgreSQL runs as a user of its own, who must get through to its files
        Path(folder).chmod(0o711)
        run = Watchroom(Path(folder), [sys.executable, "-m", "stack"], {**DEMO, **more})
        with started(run):
            address = run.address("SERVICE_PORT")
            operator = OperatorClient(address, run.run_dir / "service" / "token")
            operator.form("/sign-in", token=operator.token)
            try:
                yield run, Browser(Prometheus(run.address("PROMETHEUS_PORT")), operator, address)
            finally:
                operator.leave()


def walked(browser: Browser, fault: str, walk: Walk, within: float | None = None) -> Walked:
    """Go the whole way, again and again until it can be gone or the time is over."""
    began = time.monotonic()
    while True:
        seen, told, wrong = gone(browser, walk)
        passed = time.monotonic() - began
        if not wrong or passed > (within or walk.seconds):
            return Walked(fault, passed, seen, told, tuple(wrong))
        time.sleep(PAUSE)


def gone(browser: Browser, walk: Walk) -> tuple[str, str, list[str]]:
    """The whole way once: what the overview says, what the cause says, and what is wrong."""
    now = time.time()
    overview = browser.open("overview", now)
    seen = first_screen(overview)
    wrong = [*contradictions(overview, seen), *missing(walk.seen, seen.__getitem__)]
    if wrong:
        return said(walk.seen, seen.__getitem__), "", wrong
    try:
        cause = follow(browser, overview, walk.cause, now)
        action = follow(browser, overview, walk.action, now)
        wrong += dead_ends(browser, overview, seen, now)
    except DeadEnd as error:
        return said(walk.seen, seen.__getitem__), "", [str(error)]
    if not isinstance(cause, Screen) or not isinstance(action, str):
        return "", "", ["the cause is a dashboard, the action a page of the service"]
    wrong += missing(walk.told, cause.cells)
    wrong += [] if walk.offers in action else [f"the page of the action does not tell of {walk.offers}"]
    return said(walk.seen, seen.__getitem__), said(walk.told, cause.cells), wrong


def follow(browser: Browser, screen: Screen, clicks: Sequence[Click], end: float) -> Screen | str:
    """Where these clicks lead. Raises DeadEnd."""
    here: Screen | str = screen
    for it in clicks:
        if not isinstance(here, Screen):
            raise DeadEnd(f"there is no dashboard on which {it.title!r} could be clicked")
        title = next((each["title"] for each in here.board["panels"] if each["title"] == it.panel), "")
        panel = next(each for each in here.board["panels"] if each["title"] == title)
        cells = here.cells(it.panel) if panel["type"] != "text" else []
        here = browser.follow(links.clicked(here, cells, it.panel, it.row, it.title), end)
    return here


def dead_ends(browser: Browser, screen: Screen, seen: Seen, end: float) -> list[str]:
    """The links of the first screen that lead nowhere."""
    found = []
    for url in sorted(links.every_link(screen, [cell for cells in seen.values() for cell in cells])):
        try:
            browser.follow(url, end)
        except DeadEnd as error:
            found.append(str(error))
    return found


def missing(looks: Sequence[Look], cells: Callable[[str], list[Cell]]) -> list[str]:
    """What is not said."""
    return [
        f"{it.panel} says {[each.text for each in matching(it, cells, any_text=True)]} of {it.row}; "
        f"expected {it.text}"
        for it in looks
        if not matching(it, cells)
    ]


def matching(look: Look, cells: Callable[[str], list[Cell]], *, any_text: bool = False) -> list[Cell]:
    """The cells that say it."""
    return [
        it
        for it in cells(look.panel)
        if re.fullmatch(look.row, it.row)
        and re.fullmatch(look.column, it.column)
        and (any_text or re.fullmatch(look.text, it.text))
    ]


def said(looks: Sequence[Look], cells: Callable[[str], list[Cell]]) -> str:
    """What was looked for, in words."""
    found = (it for look in looks for it in matching(look, cells)[:1])
    return "; ".join(f"*{it.panel}*: {it.row} {it.text}".strip() for it in found)


def calm(browser: Browser, within: float = CALM) -> bool:
    """Wait until no alert fires any more; whether that came."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not browser.open("overview", time.time()).cells(FIRING):
            return True
        time.sleep(PAUSE)
    return False


def measured(faults: Sequence[str] = ()) -> list[Walked]:
    """Each fault by itself."""
    found = []
    # one of the faults is a role of PostgreSQL's
    with walking(DEMO_DATABASE="postgres", DEMO_POSTGRES_PORT=str(free_port())) as (run, browser):
        calm(browser)
        for name in faults or (*WALKS, *UNSEEN):
            address = run.address("DEMO_CONTROL_PORT", f"/faults/{name}")
            send("POST", address, WALKS[name].parameters if name in WALKS else {})
            found.append(walked(browser, name, WALKS[name]) if name in WALKS else unseen(browser, name))
            sys.stderr.write(f"{found[-1]}\n")
            send("DELETE", address)
            calm(browser)
    return found


def unseen(browser: Browser, fault: str, watched: float = 45.0) -> Walked:
    """That nothing is seen of a fault which the exporter bears."""
    before = {it.row for it in browser.open("overview", time.time()).cells(FIRING)}
    time.sleep(watched)
    overview = browser.open("overview", time.time())
    after = {it.row for it in overview.cells(FIRING)} - before
    wrong = (*contradictions(overview, first_screen(overview)), *(f"{it} fires" for it in sorted(after)))
    return Walked(fault, watched, "nothing", UNSEEN[fault], tuple(wrong))


def row(it: Walked) -> Row:
    """A line of the table."""
    walk = WALKS.get(it.fault)
    clicks = (str(len(walk.cause)), str(len(walk.action))) if walk else ("", "")
    return (f"`{it.fault}`", f"{it.seconds:.0f} s", it.seen, clicks[0], it.told, clicks[1])


if __name__ == "__main__":
    command_line = argparse.ArgumentParser(prog="python -m benchmarks.dashboards.walk", description=__doc__)
    command_line.add_argument("fault", nargs="*", help="a fault of the demo; default: all")
    for each in measured(command_line.parse_args().fault):
        sys.stdout.write(f"{' | '.join(row(each))} {each.wrong or ''}\n")
