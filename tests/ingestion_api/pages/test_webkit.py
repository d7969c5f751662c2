"""A smoke test in WebKit, by selenium, on a screen of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.ingestion_api.pages.browsers import axe
from tests.ingestion_api.pages.desk import TOKEN, Desk
from tests.servers.waiting import eventually

# selenium warns of its own way to start a driver
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")
BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
DRIVER = shutil.which("WebKitWebDriver")
SCREEN = shutil.which("Xvfb")

PHONE = 390
FITS = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
PAGES = ("/", "/alerts", "/ingest", "/jobs", "/workers", "/embeddings", "/cache", "/preferences", "/notices")


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A display that nobody sees; its number is free and chosen by the server."""
    if not (BROWSERS and DRIVER and SCREEN):
        pytest.skip("WebKit is not installed; the set-up for tests installs webkit2gtk-driver and xvfb")
    reads, writes = os.pipe()
    command = [SCREEN, "-displayfd", str(writes), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=(writes,), stderr=subprocess.DEVNULL)
    os.close(writes)
    with os.fdopen(reads) as number:
        yield f":{number.readline().strip()}"
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def webkit(screen: str) -> Iterator[WebKitGTK]:
    """WebKit's own small browser."""
    options = Options()
    options.binary_location = str(BROWSERS[-1])
    options.add_argument("--automation")
    options.add_argument("--full-screen")  # without the tool bar, which is wider than a phone
    service = Service(str(DRIVER), env={**os.environ, "DISPLAY": screen})
    driver = WebKitGTK(options=options, service=service)
    yield driver
    driver.quit()


def sign_in(webkit: WebKitGTK, desk: Desk) -> None:
    webkit.get(f"{desk.url}/sign-in?next=/ingest")
    if not webkit.find_elements(By.ID, "repo_url"):
        found(webkit, "#token").send_keys(TOKEN, Keys.ENTER)
    found(webkit, "#repo_url")


def found(webkit: WebKitGTK, selector: str) -> WebElement:
    """Wait for an element."""
    return eventually(lambda: webkit.find_elements(By.CSS_SELECTOR, selector), within=20)[0]


def test_a_repository_is_queued_and_its_progress_followed(webkit: WebKitGTK, desk: Desk) -> None:
    sign_in(webkit, desk)
    number = desk.put_job("processing", files_total=40, files_processed=10)
    webkit.get(f"{desk.url}/jobs/{number}")
    desk.change_job(number, files_processed=30)
    bar = found(webkit, "progress")
    eventually(lambda: bar.get_attribute("value") == "30", within=20)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_accessible_and_fits(webkit: WebKitGTK, desk: Desk, address: str) -> None:
    sign_in(webkit, desk)
    desk.put_worker("cloud@tower")
    desk.put_job("failed", error="no")
    webkit.get(desk.url + address)
    assert found(webkit, "h1").is_displayed()
    webkit.execute_script(f"{axe()}; window.axe = axe")
    violations = webkit.execute_async_script(
        "const done = arguments[0]; axe.run().then(found => done(found.violations.map(each => each.id)))"
    )
    assert violations == []
    assert webkit.execute_script(FITS)


def test_every_page_fits_a_phone(webkit: WebKitGTK, desk: Desk) -> None:
    sign_in(webkit, desk)
    desk.put_worker("cloud@tower")
    desk.put_job("failed", error="no")
    webkit.set_window_size(PHONE, 844)
    try:
        eventually(lambda: webkit.execute_script("return window.innerWidth") == PHONE)
        wide = []
        for address in PAGES:
            webkit.get(desk.url + address)
            assert found(webkit, "h1").is_displayed()
            if not webkit.execute_script(FITS):
                wide.append(address)
        assert wide == []
    finally:
        webkit.set_window_size(1280, 900)


def test_a_worker_circles(webkit: WebKitGTK, desk: Desk) -> None:
    sign_in(webkit, desk)
    desk.put_worker("cloud@tower")
    webkit.get(f"{desk.url}/workers")
    place = "const box = document.querySelector('.boat').getBoundingClientRect(); return [box.x, box.y]"
    first = webkit.execute_script(place)
    eventually(lambda: webkit.execute_script(place) != first)
