"""Real browsers of the distribution, driven by playwright: Chromium, and Firefox over BiDi."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests.ingestion_api.pages.desk import TOKEN

# a live region asks every few seconds, and the machine may be busy with other tests
expect.set_options(timeout=15_000)

ENGINES = ("chromium", "firefox")
WIDTHS = {1920: 1080, 768: 1024, 390: 844}
_AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
_QUIET = ("--disable-gpu", "--disable-background-networking", "--disable-component-update")


def axe() -> str:
    """Return the accessibility checker's source."""
    return _AXE


@contextmanager
def open_browser(engine: str, *, reduced_motion: bool = False) -> Iterator[Browser]:
    """Start a browser; skip the test with a reason when this machine has none."""
    with sync_playwright() as playwright:
        launch = {"chromium": _chromium, "firefox": _firefox}[engine]
        browser = launch(playwright, reduced_motion)
        try:
            yield browser
        finally:
            browser.close()


def _chromium(playwright: Playwright, reduced_motion: bool) -> Browser:
    # Chromium refuses to start as root with its sandbox
    flags = [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    if reduced_motion:
        flags.append("--force-prefers-reduced-motion")
    return playwright.chromium.launch(executable_path=_program("chromium"), args=flags)


def _firefox(playwright: Playwright, reduced_motion: bool) -> Browser:
    return playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=_program("firefox-esr"),
        firefox_user_prefs={"ui.prefersReducedMotion": int(reduced_motion)},
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; the set-up for tests installs the package {name}")
    return found


@dataclass
class View:
    """One tab, signed in or not, with everything that the browser complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        # a status of 4xx or 5xx, which some states are about, is printed as an error too
        if message.type == "error" and "status of" not in message.text:
            self.complaints.append(message.text)

    def go(self, address: str, status: int = 200) -> None:
        """Open an address of the service, which must answer with this status."""
        response = self.page.goto(self.url + address)
        assert response
        assert response.status == status, address

    def sign_in(self) -> None:
        """Sign in as a person would."""
        self.go("/sign-in")
        self.page.get_by_label("Token").fill(TOKEN)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")

    def resize(self, width: int) -> None:
        """Make the window as wide as one of the three screens."""
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    def violations(self) -> list[str]:
        """Return what axe finds wrong: rule, place, reason."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(f"{_AXE}; 0")
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width
