"""The whole way, as an operator goes it: sign in, ingest, watch, embed, clear; with a real worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ingestion_api.git_server import GitServer, serving, write_repository
from tests.ingestion_api.pages.browsers import View, open_browser
from tests.ingestion_api.pages.desk import Desk
from tests.ingestion_api.processes import environment
from tests.ingestion_api.processes import worker as worker_process
from tests.servers.celery_worker import CeleryWorker

FILES: dict[str, str | bytes] = {
    f"log/{number}.md": f"Watch {number}: the lamp is lit." for number in range(30)
}


@pytest.fixture
def worker(desk: Desk, tmp_path: Path) -> Iterator[CeleryWorker]:
    """A worker for the service of this module."""
    settings = desk.service.settings
    assert settings.broker_url is not None
    variables = environment(settings.run_dir, settings.broker_url.get_secret_value())
    started = worker_process(tmp_path, variables, "tower")
    started.start()
    yield started
    started.stop(within=5.0)


@pytest.fixture
def repositories(tmp_path: Path) -> Iterator[GitServer]:
    """A host with one repository."""
    write_repository(tmp_path / "served" / "tower", FILES)
    with serving(GitServer(tmp_path / "served")) as server:
        yield server


def test_from_the_door_to_the_last_embedding(
    desk: Desk, worker: CeleryWorker, repositories: GitServer
) -> None:
    with open_browser("chromium") as browser:
        view = View(browser.new_page(), desk.url)
        view.sign_in()
        page = view.page

        expect(page.get_by_text("1 of 1").or_(page.get_by_text("No worker")).first).to_be_visible()
        view.go(f"/ingest?repo_url={repositories.origin}/tower")
        page.get_by_role("button", name="Queue it").click()
        expect(page.get_by_text("The repository was queued.")).to_be_visible()
        expect(page.get_by_role("link", name="Ingest again")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("30 of 30").first).to_be_visible()

        view.go("/workers")
        expect(page.get_by_role("table").get_by_text("online")).to_be_visible()

        view.go("/embeddings")
        expect(page.get_by_text("30 of 30 resources")).to_be_visible()
        desk.put_resources(with_vector=0, without=12)
        view.go("/embeddings")
        page.get_by_role("button", name="Generate").click()
        expect(page.get_by_text("42 of 42 resources")).to_be_visible(timeout=20_000)
        assert view.complaints == []
