"""Firefox of someone who asked the system for less motion, which it hears of only when it starts."""

from playwright.sync_api import expect

from tests.ingestion_api.pages.browsers import View, open_browser
from tests.ingestion_api.pages.desk import TOKEN, Desk
from tests.ingestion_api.pages.notice_streams import fire
from tests.ingestion_api.pages.states import await_stream


def test_the_workers_stand_and_the_table_says_the_same(desk: Desk) -> None:
    with open_browser("firefox", reduced_motion=True) as browser:
        view = View(browser.new_page(), desk.url)
        view.sign_in()
        # now, as a busy machine takes long to start a browser
        desk.put_worker("cloud@tower")
        view.go("/workers")
        moving = view.page.locator("#orbit-1 .orbit").first
        assert moving.evaluate("element => getComputedStyle(element).animationName") == "none"
        expect(view.page.get_by_role("table").get_by_text("online")).to_be_visible()
        await_stream(view)
        fire(desk.url, TOKEN, "WorkersGone")
        card = view.page.locator(".notice")
        assert card.evaluate("element => getComputedStyle(element).animationName") == "none"
    assert view.complaints == []
