"""The command behind `make pictures`: each dashboard of a running Grafana, dark and light, as a PNG file."""

import argparse
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from docs.picture_list import FOLDER, THEMES, file_name
from stack.errors import StackError

ROOT = Path(__file__).parents[1]
WIDTH = 1366
UNIT = 38  # pixels of a unit of a panel's height
HEAD = 120  # pixels of the line of variables, at most two
SECONDS = 60.0  # within which a dashboard must have loaded and stopped changing
PAUSE = 0.5
PANEL = '[data-testid^="data-testid Panel header"]'
LOADING = '[aria-label="Panel loading bar"], [data-testid="data-testid Panel loading bar"]'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update")
JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Grafana:
    """A running Grafana, and the token of a service account where it wants a sign-in."""

    url: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def dashboard(self, uid: str) -> JsonObject:
        """The dashboard of this uid. Raises StackError."""
        address = f"{self.url}/api/dashboards/uid/{uid}"
        try:
            request = urllib.request.Request(address, headers=self.headers)  # noqa: S310 - as given
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                return dict(json.load(response)["dashboard"])
        except urllib.error.HTTPError as error:
            advice = "; set GRAFANA_TOKEN to the token of a service account" if error.code == 401 else ""
            raise StackError(f"{address} responds with {error.code}; expected 200{advice}") from None
        except (OSError, ValueError, KeyError) as error:
            raise StackError(f"{address} gives no dashboard ({error}); is GRAFANA_URL right?") from None


def main() -> int:
    """Take all pictures; 1 and one sentence on stderr if that fails."""
    url = os.environ.get("GRAFANA_URL") or "http://127.0.0.1:3000"
    grafana = Grafana(url.rstrip("/"), os.environ.get("GRAFANA_TOKEN", ""))
    try:
        for name in take_pictures(grafana, read_dashboards(ROOT / "grafana" / "generated"), FOLDER):
            sys.stdout.write(f"docs/pictures/{name}\n")
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def read_dashboards(folder: Path) -> list[JsonObject]:
    """The project's own dashboards, in the order of their files."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def take_pictures(grafana: Grafana, wanted: Sequence[JsonObject], folder: Path) -> Iterator[str]:
    """Take each dashboard in each theme and yield the name of its file. Raises StackError."""
    for board in wanted:
        require_own_dashboard(board, grafana.dashboard(board["uid"]), grafana.url)
    folder.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser:
        for board in wanted:
            for theme in THEMES:
                picture = take_picture(browser, grafana, board, theme)
                (folder / file_name(board["uid"], theme)).write_bytes(picture)
                yield file_name(board["uid"], theme)


def require_own_dashboard(own: JsonObject, shown: JsonObject, url: str) -> None:
    """Raise StackError unless Grafana's dashboard has the panels and queries of the project's own.

    Grafana rewrites other parts of the JSON when it loads it.
    """
    if list(panel_queries(own)) != list(panel_queries(shown)):
        raise StackError(
            f"the dashboard {own['uid']} of {url} is not the project's own; "
            "run `make dashboards` and let that Grafana load grafana/generated"
        )


def panel_queries(board: JsonObject) -> Iterator[tuple[str, ...]]:
    """Title and queries of each panel, also inside closed rows."""
    for panel in board.get("panels", []):
        yield panel.get("title", ""), *(str(target.get("expr")) for target in panel.get("targets", []))
        yield from panel_queries(panel)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium of this machine. Raises StackError."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise StackError("no Chromium is installed; `make setup` installs it")
    # as root Chromium starts without its sandbox only
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def take_picture(browser: Browser, grafana: Grafana, board: JsonObject, theme: str) -> bytes:
    """A PNG of the whole dashboard. Raises StackError: it does not load, or never stops changing."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": page_height(board)},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    # only this Grafana gets the token, no other host whose content a page shows
    page.route(
        f"{grafana.url}/**", lambda route: route.continue_(headers=route.request.headers | grafana.headers)
    )
    try:
        # an empty `refresh` stops the dashboard's own refresh
        page.goto(f"{grafana.url}/d/{board['uid']}?kiosk&theme={theme}&refresh=", timeout=SECONDS * 1000)
        page.locator(PANEL).first.wait_for(timeout=SECONDS * 1000)
        return wait_until_still(page, board["uid"])
    except Error as error:
        reason = str(error).splitlines()[0]
        raise StackError(f"the dashboard {board['uid']} of {grafana.url} did not load: {reason}") from None
    finally:
        page.close()


def wait_until_still(page: Page, uid: str) -> bytes:
    """The picture once no panel loads and two in a row are equal. Raises StackError."""
    deadline = time.monotonic() + SECONDS
    last = b""
    while time.monotonic() < deadline:
        page.wait_for_load_state("networkidle")
        # checked before the picture: a panel that finishes in between is not in it yet
        is_loading = page.locator(LOADING).count() > 0
        picture = page.screenshot(full_page=True, animations="disabled")
        if picture == last and not is_loading:
            return picture
        last = b"" if is_loading else picture
        page.wait_for_timeout(PAUSE * 1000)
    raise StackError(f"the dashboard {uid} kept changing for {SECONDS:g} s")


def page_height(board: JsonObject) -> int:
    """A height that shows all panels, since Grafana loads only visible ones."""
    places: list[Mapping[str, int]] = [panel["gridPos"] for panel in board["panels"]]
    return max(768, HEAD + UNIT * max((it["y"] + it["h"] for it in places), default=0))


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m stack.pictures", description=__doc__).parse_args()
    sys.exit(main())
