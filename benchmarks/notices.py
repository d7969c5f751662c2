"""How soon a card slides into an open page: `make bench WHAT=notices`; with ROW=webhook without the stack."""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import yaml
from httpx2 import Client
from playwright.sync_api import Page

from benchmarks import report
from benchmarks.paging.breaches import queue
from benchmarks.paging.testbed import Testbed, running_testbed
from benchmarks.paging.trial import figures
from benchmarks.servers import databases
from stack.settings import ROOT
from tests.ingestion_api.pages.browsers import View, open_browser
from tests.ingestion_api.pages.desk import TOKEN
from tests.ingestion_api.pages.notice_streams import WEBHOOK, webhook_call
from tests.ingestion_api.processes import ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.waiting import eventually

COMMAND = "make bench WHAT=notices"
TIMES = 30
PATIENCE = 40_000  # milliseconds
HEADINGS = ("From", "Times", "P50 ms", "P95 ms", "Max ms")
TITLE = "Until the frame in which headless Chromium draws the card:"
# notes the frame in which a card is drawn, by the text of its link
WATCH = """
window.drawn = {};
new MutationObserver(() => {
  for (const link of document.querySelectorAll(".notice a")) {
    const text = link.textContent;
    if (!(text in drawn)) {
      drawn[text] = 0;
      requestAnimationFrame(() => { drawn[text] = performance.timeOrigin + performance.now(); });
    }
  }
}).observe(document.getElementById("notice-cards"), {childList: true, subtree: true, characterData: true});
"""
Row = tuple[str, ...]


def main() -> int:
    """Measure, write the table and show it."""
    command_line = argparse.ArgumentParser(prog="python -m benchmarks.notices", description=__doc__)
    command_line.add_argument("row", nargs="?", choices=("webhook",), help="without the stack")
    only = command_line.parse_args().row
    rows = list(webhook_rows())
    if only is None:
        rows.append(breach_row())
    sys.stdout.write(report.write("notices", COMMAND, ((TITLE, HEADINGS, rows),)))
    return 0


def webhook_rows() -> Iterator[Row]:
    """From the call of the webhook, on both kinds of database, and to a page of another process."""
    with databases() as (folder, redis, urls):
        for name, fresh in urls.items():
            more = {"database_url": url} if (url := fresh()) else {}
            with service_processes(folder / name, redis.url, 2, more) as (one, other):
                for title, service in (
                    (f"the webhook, {name}", one),
                    (f"the webhook of another process, {name}", other),
                ):
                    yield (title, str(TIMES), *figures(webhook_times(one.url, service.url)))


def webhook_times(url: str, page_url: str) -> list[float]:
    """Seconds of each try; the caller keeps its connection, as Alertmanager does."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with Client(base_url=url, headers=bearer, timeout=10) as caller, open_page(page_url) as page:
        return [webhook_to_card(page, caller) for _ in range(TIMES)]


@contextmanager
def service_processes(
    folder: Path, redis_url: str, number: int, more: Mapping[str, object]
) -> Iterator[list[ServiceProcess]]:
    """Some processes of the service on one database."""
    folder.mkdir(parents=True)
    env = environment(folder, redis_url, token=TOKEN, log_level="warning", **more)
    with ExitStack() as stack:
        yield [
            stack.enter_context(started(ServiceProcess(folder / f"{each}.log", env)))
            for each in range(number)
        ]


@contextmanager
def open_page(url: str) -> Iterator[Page]:
    """A page that listens."""
    with open_browser("chromium") as browser:
        view = View(browser.new_page(), url)
        view.sign_in()
        view.go("/jobs")
        view.page.locator("#notices[data-state=open]").wait_for(state="attached")
        view.page.evaluate(WATCH)
        yield view.page


def webhook_to_card(page: Page, caller: Client) -> float:
    """Seconds from the call of the webhook to the card, at a random phase."""
    time.sleep(random.random() / 4)  # noqa: S311 - a phase, no secret
    name = f"Bench{time.monotonic_ns()}"
    began = time.time()
    caller.post(WEBHOOK, json=webhook_call(name)).raise_for_status()
    return drawn_at(page, f"{name} fires") - began


def drawn_at(page: Page, text: str) -> float:
    """When the card with this text was drawn, in seconds of the wall clock; its page is emptied."""
    page.wait_for_function("text => drawn[text]", arg=text, timeout=PATIENCE)
    moment: float = page.evaluate("text => drawn[text]", text)
    page.evaluate("() => document.querySelectorAll('.notice-dismiss').forEach(it => it.click())")
    return moment / 1000


def breach_row() -> Row:
    """From the 101st message of a queue, through exporter, Prometheus, Alertmanager and service."""
    with running_testbed() as testbed:
        folder = testbed.prometheus_file.parent
        with (
            service_processes(folder / "bench-service", testbed.redis.database(9), 1, {}) as [service],
            open_page(service.url) as page,
        ):
            notify(testbed, folder / "alertmanager.yml", service.url)
            times = [breach_to_card(testbed, page) for _ in range(TIMES)]
    return ("the 101st message of a queue", str(TIMES), *figures(times))


def breach_to_card(testbed: Testbed, page: Page) -> float:
    """Seconds from the breach to the card."""
    [breach] = queue(testbed)
    eventually(breach.ready, within=90)
    time.sleep(random.random())  # noqa: S311 - as above
    # what ended shows a card too, and the next one is the same alert
    page.evaluate("() => { window.drawn = {}; }")
    offset = time.time() - time.monotonic()
    breach.cause()
    seconds = drawn_at(page, "WorkerQueueLong fires") - offset - breach.began()
    breach.mend()
    return seconds


def notify(testbed: Testbed, routes: Path, url: str) -> None:
    """Let Alertmanager call the service in place of the inbox."""
    token = routes.parent / "service-token"
    token.write_text(TOKEN)
    body = yaml.safe_load((ROOT / "alertmanager" / "alertmanager.yml").read_text())
    for receiver in body["receivers"]:
        for hook in receiver.get("webhook_configs", ()):
            hook["url"] = f"{url}/api/v1/alerts/webhook"
            hook["http_config"]["authorization"]["credentials_file"] = str(token)
    templates = [str(ROOT / "alertmanager" / "templates" / "*.tmpl")]
    routes.write_text(yaml.safe_dump({**body, "templates": templates}))
    urlopen(Request(f"{testbed.alertmanager_url}/-/reload", method="POST"), timeout=10).close()  # noqa: S310 - our own


if __name__ == "__main__":
    sys.exit(main())
