"""The pages in real browsers: no violation, no complaint; live, by keyboard, without JavaScript."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingestion_api.access.bearer import Actor
from ingestion_api.notices.preferences import NoticePreferences, set_notice_preferences
from tests.ingestion_api.pages.browsers import ENGINES, WIDTHS, View, open_browser
from tests.ingestion_api.pages.desk import TOKEN, Desk, desk_settings, open_desk
from tests.ingestion_api.pages.notice_streams import fire
from tests.ingestion_api.pages.states import STATES, STRANGERS, State, await_stream


@pytest.fixture(scope="module", params=ENGINES)
def tower(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser that the tests of this module share."""
    with open_browser(str(request.param)) as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in_page(tower: Browser, running_desk: Desk) -> Iterator[Page]:
    """A tab whose visitor has signed in."""
    context = tower.new_context()
    page = context.new_page()
    View(page, running_desk.url).sign_in()
    yield page
    context.close()


@pytest.fixture
def view(signed_in_page: Page, desk: Desk) -> Iterator[View]:
    """The signed-in tab, with an empty service before it."""
    view = View(signed_in_page, desk.url)
    yield view
    signed_in_page.unroute_all()
    # else it would go on asking for what the next test has emptied
    signed_in_page.goto("about:blank")
    assert view.complaints == []


@pytest.fixture
def stranger(tower: Browser, desk: Desk) -> Iterator[View]:
    """A tab of somebody who has not signed in."""
    context = tower.new_context()
    view = View(context.new_page(), desk.url)
    yield view
    context.close()
    assert view.complaints == []


def check_all_looks(view: View, tower: Browser) -> None:
    """Check a page on three screens, by day and by night."""
    for width in WIDTHS:
        view.resize(width)
        assert view.overflow() <= 0, f"too wide at {width} px"
    # one engine is enough for what colours do; the other sees each page once
    schemes: tuple[tuple[int, str], ...] = ((390, "dark"), (1920, "light"))
    for width, scheme in schemes if tower.browser_type.name == "chromium" else ((768, "light"),):
        view.resize(width)
        view.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert view.violations() == [], f"{width} px, {scheme}"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_state_is_accessible_and_fits(view: View, desk: Desk, tower: Browser, state: State) -> None:
    state(desk, view)
    check_all_looks(view, tower)


@pytest.mark.parametrize("state", STRANGERS, ids=lambda state: state.__name__)
def test_the_door_is_accessible_and_fits(stranger: View, desk: Desk, tower: Browser, state: State) -> None:
    state(desk, stranger)
    check_all_looks(stranger, tower)


def test_the_door_that_is_closed_is_accessible_and_fits(tower: Browser, tmp_path: Path) -> None:
    vanished = {"token": None, "token_file": tmp_path / "token"}
    with (
        open_desk(desk_settings(tmp_path, "redis://127.0.0.1:1", **vanished)) as desk,
        tower.new_context() as context,
    ):
        view = View(context.new_page(), desk.url)
        view.go("/sign-in", 503)
        expect(view.page.get_by_role("alert")).to_have_text(re.compile("Nobody can sign in: .* is missing"))
        check_all_looks(view, tower)
        assert view.complaints == []


SAID_IN_THE_DARK = {
    "/": ("broker does not answer", "database of the resources does not answer"),
    "/embeddings": ("The database of the resources does not answer",),
    "/cache": ("The cache does not answer",),
    "/preferences": ("The signals are not known",),
}


def test_what_is_away_is_told_and_the_rest_stays(tower: Browser, dark_desk: Desk) -> None:
    context = tower.new_context()
    view = View(context.new_page(), dark_desk.url)
    view.sign_in()
    for address, sentences in SAID_IN_THE_DARK.items():
        view.go(address)
        for sentence in sentences:
            expect(view.page.get_by_text(sentence).first).to_be_visible()
        assert view.violations() == [], address
    view.go("/ingest?repo_url=https://127.0.0.1:9/tower/lamp")
    view.page.get_by_role("button", name="Queue it").click()
    expect(view.page.get_by_role("alert")).to_contain_text("broker does not answer")
    context.close()
    assert view.complaints == []


def test_progress_is_shown_and_announced_as_it_happens(view: View, desk: Desk) -> None:
    number = desk.put_job("processing", files_total=40, files_processed=10)
    view.go(f"/jobs/{number}")
    bar = view.page.get_by_role("progressbar", name="Files")
    expect(bar).to_have_attribute("value", "10")
    desk.change_job(number, files_processed=20)
    expect(bar).to_have_attribute("value", "20")
    announced = view.page.locator("#live > [role=status]")
    expect(announced).to_have_text(f"Job {number} is running: Files 50 percent.")
    desk.change_job(number, state="complete", files_processed=40)
    expect(announced).to_have_text(f"Job {number} is complete.")
    expect(view.page.get_by_role("link", name="Ingest again")).to_be_visible()


def test_an_ended_job_is_no_longer_asked_for(view: View, desk: Desk) -> None:
    number = desk.put_job("processing")
    asked = []
    view.page.on("request", lambda request: asked.append(request.url))
    view.go(f"/jobs/{number}")
    desk.change_job(number, state="complete")
    expect(view.page.get_by_role("link", name="Ingest again")).to_be_visible()
    assert not view.page.locator("#live[hx-trigger]").count()
    before = len(asked)
    with pytest.raises(AssertionError):
        expect(view.page.locator("#live[hx-trigger]")).to_be_attached(timeout=2500)
    assert len(asked) == before


def test_focus_stays_where_it_is_while_the_page_lives(view: View, desk: Desk) -> None:
    number = desk.put_job("processing", files_total=40, files_processed=1)
    view.go(f"/jobs/{number}")
    view.page.locator("#cancel").focus()
    desk.change_job(number, files_processed=30)
    expect(view.page.get_by_role("progressbar", name="Files")).to_have_attribute("value", "30")
    expect(view.page.locator("#cancel")).to_be_focused()


def test_a_worker_circles_while_alive_and_stands_still_when_not(view: View, desk: Desk) -> None:
    desk.put_worker("cloud@tower")
    view.go("/workers")
    boat = view.page.locator("#orbit-1 .boat")
    moving = view.page.locator("#orbit-1 .orbit").first
    name = "getComputedStyle(element).animationName"
    assert moving.evaluate(f"element => {name}") == "circle"
    first = boat.bounding_box()
    expect_moved = (
        "([x, y]) => { const box = document.querySelector('#orbit-1 .boat').getBoundingClientRect();"
        " return Math.abs(box.x - x) + Math.abs(box.y - y) > 3; }"
    )
    assert first
    view.page.wait_for_function(expect_moved, arg=[first["x"], first["y"]])
    desk.put_worker("cloud@tower", silent_seconds=3000)
    expect(boat).to_have_class("boat boat-offline")
    assert moving.evaluate(f"element => {name}") == "none"
    expect(view.page.get_by_role("table").get_by_text("offline")).to_be_visible()


def test_who_asks_for_less_motion_sees_the_workers_stand(view: View, desk: Desk, tower: Browser) -> None:
    if tower.browser_type.name == "firefox":
        pytest.skip("Firefox takes this wish only when it starts: see test_less_motion.py")
    desk.put_worker("cloud@tower")
    view.go("/workers")
    moving = view.page.locator("#orbit-1 .orbit").first
    view.page.emulate_media(reduced_motion="reduce")
    assert moving.evaluate("element => getComputedStyle(element).animationName") == "none"
    view.page.emulate_media(reduced_motion="no-preference")
    assert moving.evaluate("element => getComputedStyle(element).animationName") == "circle"


def test_a_live_update_does_not_make_the_circles_jump(view: View, desk: Desk) -> None:
    desk.put_worker("cloud@tower")
    view.go("/workers")
    started = "document.querySelector('#orbit-1 .orbit').getAnimations()[0].startTime"
    first = view.page.wait_for_function(f"() => {started}").json_value()
    desk.put_worker("cloud@pier")
    expect(view.page.locator("#orbit-2")).to_be_attached()
    assert view.page.evaluate(started) == first


def test_the_keyboard_alone_signs_in_and_queues_a_repository(stranger: View, desk: Desk) -> None:
    page = stranger.page
    stranger.go("/ingest")
    tab_to(page, "token")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ingest")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "repo_url")
    page.keyboard.type("https://127.0.0.1:9/tower/lamp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r".*/jobs/\d+\?notice=queued"))
    expect(page.get_by_text("The repository was queued.")).to_be_visible()
    tab_to(page, "cancel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The job was cancelled.")).to_be_visible()


def test_the_keyboard_alone_clears_a_cache_prefix(view: View, desk: Desk) -> None:
    desk.put_keys("search_query:", 3)
    desk.put_keys("embedding:", 2)
    view.go("/cache")
    tab_to(view.page, "prefix")
    view.page.keyboard.type("search_query:")
    view.page.keyboard.press("Enter")
    view.page.get_by_role("heading", name="Clear search_query:?").wait_for()
    tab_to(view.page, "sure")
    view.page.keyboard.press("Space")
    view.page.keyboard.press("Tab")
    view.page.keyboard.press("Enter")
    expect(view.page.get_by_text("3 keys that begin with search_query: were deleted.")).to_be_visible()
    assert sorted(desk.cache.scan_iter()) == [b"embedding:0", b"embedding:1"]


def test_a_level_is_set_and_set_back_by_keyboard_alone(view: View, desk: Desk) -> None:
    view.go("/preferences?signal=worker_queue_length")
    tab_to(view.page, "critical")
    view.page.keyboard.press("ControlOrMeta+A")
    view.page.keyboard.type("80")
    view.page.keyboard.press("Enter")
    expect(view.page.get_by_text("The levels were set")).to_be_visible()
    mine = view.page.get_by_role("region", name="Set here").get_by_role("row").last
    expect(mine).to_contain_text("worker_queue_length")
    expect(mine).to_contain_text("above 80 file: 100")
    view.go("/preferences?signal=worker_queue_length")
    tab_to(view.page, "back-worker_queue_length")
    view.page.keyboard.press("Enter")
    expect(view.page.get_by_text("The file's levels are in force again")).to_be_visible()
    expect(view.page.get_by_role("region", name="Set here")).to_have_count(0)


def test_an_alert_is_acknowledged_where_it_stands_and_taken_back(view: View, desk: Desk) -> None:
    desk.put_alert("WorkerQueueLong", "critical", module="search")
    view.go("/alerts?module=search&state=firing")
    view.page.get_by_role("button", name="Acknowledge WorkerQueueLong").click()
    view.page.wait_for_url("**/alerts?module=search&state=firing&notice=acknowledged")
    expect(view.page.locator("#live > [role=status]")).to_have_text(
        "1 firing, 1 of them acknowledged, 0 ended."
    )
    view.page.get_by_role("button", name="Take back WorkerQueueLong").click()
    expect(view.page.get_by_role("button", name="Acknowledge WorkerQueueLong")).to_be_visible()
    expect(view.page.get_by_text("The alert is no longer acknowledged.")).to_be_visible()


def test_alerts_are_searched_by_keyboard_alone(view: View, desk: Desk) -> None:
    desk.put_alert("QueueLong", "critical", module="workers")
    desk.put_alert("QueueShort", "warning", module="workers")
    desk.put_alert("ApiErrorsHigh", "critical", module="search")
    view.go("/alerts")
    tab_to(view.page, "text")
    view.page.keyboard.type("queue")
    tab_to(view.page, "more-filters")
    view.page.keyboard.press("Enter")
    tab_to(view.page, "severity-critical")
    view.page.keyboard.press("Space")
    view.page.keyboard.press("Enter")
    view.page.wait_for_url("**/alerts?text=queue&order=gravest&severity=critical&*")
    expect(view.page.get_by_role("row")).to_have_count(2)
    expect(view.page.get_by_role("rowheader")).to_contain_text("QueueLong")
    expect(view.page.get_by_label("Text")).to_have_value("queue")


FOCUSED = """(() => {
    const here = document.activeElement;
    const away = here === document.body || !document.hasFocus();
    const outlined = away || getComputedStyle(here).outlineStyle !== "none";
    return [[...document.querySelectorAll("*")].indexOf(here), outlined, here.outerHTML.slice(0, 120)];
})()"""


def test_every_control_is_reached_by_tab_and_shows_it(view: View, desk: Desk) -> None:
    desk.put_resources(with_vector=1, without=1)
    view.go("/embeddings")
    controls = view.page.locator("a[href], button:not([hidden]), input:not([type=hidden])").count()
    reached = set()
    for _ in range(controls + 3):
        view.page.keyboard.press("Tab")
        index, seen, name = view.page.evaluate(FOCUSED)
        assert seen, name
        reached.add(index)
    # of three radio buttons Tab reaches the one that is chosen, the arrows the others
    assert len(reached) >= controls - 2


def test_a_card_slides_in_is_read_and_goes_by_keyboard(view: View, desk: Desk) -> None:
    view.go("/jobs")
    await_stream(view)
    fire(desk.url, TOKEN, "WorkersGone")
    card = view.page.locator(".notice")
    expect(card).to_contain_text("WorkersGone fires")
    said = "critical: WorkersGone fires. WorkersGone needs somebody."
    expect(view.page.locator("#notices-assertive")).to_have_text(said)
    assert card.evaluate("element => getComputedStyle(element).animationName") == "slide-in"
    fire(desk.url, TOKEN, "WorkersGone", status="resolved")
    expect(card).to_contain_text("WorkersGone is over")
    expect(view.page.locator("#notices-polite")).to_contain_text("WorkersGone is over.")
    view.page.get_by_role("button", name="Dismiss WorkersGone").focus()
    view.page.keyboard.press("Enter")
    expect(card).to_have_count(0)


def test_a_page_catches_up_what_it_missed_and_shows_nothing_twice(view: View, desk: Desk) -> None:
    view.go("/jobs")
    await_stream(view)
    fire(desk.url, TOKEN, "First")
    expect(view.page.locator(".notice")).to_contain_text("First fires")
    view.page.goto("about:blank")
    fire(desk.url, TOKEN, "Second")
    view.go("/workers")
    expect(view.page.locator(".notice")).to_have_count(1)
    expect(view.page.locator(".notice")).to_contain_text("Second fires")


HIDE = """hidden => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_nobody_sees_listens_only_for_notifications(view: View, desk: Desk) -> None:
    closed = view.page.locator("#notices[data-state=closed]")
    view.go("/jobs")
    await_stream(view)
    view.page.evaluate(HIDE, True)
    expect(closed).to_be_attached()
    fire(desk.url, TOKEN, "Meanwhile")
    view.page.evaluate(HIDE, False)
    expect(view.page.locator(".notice")).to_contain_text("Meanwhile fires")
    wanted = NoticePreferences(notify=("critical",))
    set_notice_preferences(desk.service.store, desk.service.clock, wanted, Actor("operator", "192.0.2.1"))
    view.go("/jobs")
    await_stream(view)
    view.page.evaluate(HIDE, True)
    fire(desk.url, TOKEN, "Unseen")
    expect(view.page.locator(".notice")).to_contain_text("Unseen fires")


def test_a_storm_is_a_few_cards_and_a_number(view: View, desk: Desk) -> None:
    view.go("/jobs")
    await_stream(view)
    fire(desk.url, TOKEN, *(f"Storm{number}" for number in range(300)))
    expect(view.page.get_by_role("link", name="296 more: all notices")).to_be_visible()
    expect(view.page.locator(".notice")).to_have_count(4)
    expect(view.page.locator("#notices-assertive")).to_contain_text(re.compile(r"And \d+ more\.$"))


# the fields and buttons of a form that something else covers
COVERED = """form => [...form.elements].filter(it => {
  const box = it.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return box.width && top && top !== it && !it.contains(top);
}).map(it => it.name || it.textContent)"""


def test_no_card_covers_what_somebody_fills_in(view: View, desk: Desk) -> None:
    bar = view.page.get_by_role("button", name=re.compile("^2 notices: critical Workers"))
    for width in (390, 768):
        view.resize(width)
        view.go("/preferences?signal=api_error_ratio")
        await_stream(view)
        fire(desk.url, TOKEN, f"WorkersGone{width}", f"WorkersLost{width}")
        for label in ("Critical", "Reason", "For how long"):
            view.page.get_by_label(label, exact=True).focus()
            expect(bar).to_be_visible()
            assert view.page.locator("#set").evaluate(COVERED) == [], (width, label)
        bar.click()
        # by itself, for Firefox without a screen can lose the window's focus to another test
        view.page.wait_for_function(f"document.activeElement.textContent === 'WorkersGone{width} fires'")
        expect(bar).to_be_hidden()
        view.page.get_by_label("Reason").focus()
        if view.page.evaluate("document.hasFocus()"):
            expect(bar).to_be_visible()


def test_a_drawing_that_does_not_fit_shows_its_end_first(view: View) -> None:
    view.resize(390)
    view.go("/noise")
    cut = view.page.evaluate("""() => {
      const made = document.createElement("div");
      made.className = "scroll from-the-end";
      made.append(Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "svg")));
      made.firstChild.setAttribute("class", "course");
      document.getElementById("main").append(made);
      const [box, drawing] = [made.getBoundingClientRect(), made.firstChild.getBoundingClientRect()];
      return [box.left - drawing.left, drawing.right - box.right];
    }""")
    assert cut[0] > 100
    assert cut[1] <= 0


STUBS = """
window.heard = {notified: [], sounds: 0};
window.Notification = class { constructor(title) { heard.notified.push(title); } addEventListener() {} };
Notification.permission = "granted";
window.AudioContext = class {
  constructor() { heard.sounds += 1; this.currentTime = 0; throw new TypeError("no sound in a test"); }
};
"""


def test_a_person_is_notified_of_what_was_chosen_and_not_in_quiet_hours(tower: Browser, desk: Desk) -> None:
    context = tower.new_context()
    context.add_init_script(STUBS)
    view = View(context.new_page(), desk.url)
    view.sign_in()
    heard: list[dict[str, object]] = []
    for quiet in (("", ""), ("00:00", "23:59")):
        view.go("/notices")
        view.page.locator("#notify-critical").check()
        view.page.locator("#sound-critical").check()
        view.page.get_by_label("Quiet from").fill(quiet[0])
        view.page.get_by_label("until").fill(quiet[1])
        view.page.get_by_role("button", name="Set these notices").click()
        view.page.wait_for_url("**/notices?notice=notices-set")
        await_stream(view)
        for severity in ("warning", "critical"):
            fire(desk.url, TOKEN, f"It{severity}{len(heard)}", severity=severity)
        expect(view.page.locator(".notice")).to_have_count(2)
        heard.append(view.page.evaluate("heard"))
    context.close()
    assert heard == [
        {"notified": ["critical: Itcritical0 fires"], "sounds": 1},
        {"notified": [], "sounds": 0},
    ]


def test_without_javascript_everything_still_works(tower: Browser, desk: Desk) -> None:
    if tower.browser_type.name == "firefox":
        pytest.skip("without JavaScript Firefox runs none of playwright's waits either, so it never clicks")
    context = tower.new_context(java_script_enabled=False)
    view = View(context.new_page(), desk.url)
    view.sign_in()
    view.go("/ingest?repo_url=https://127.0.0.1:9/tower/lamp")
    view.page.get_by_role("button", name="Queue it").click()
    expect(view.page.get_by_text("The repository was queued.")).to_be_visible()
    view.page.get_by_role("link", name="Reload this page").click()
    view.page.get_by_role("button", name="Cancel this job").click()
    expect(view.page.get_by_text("The job was cancelled.")).to_be_visible()
    view.page.get_by_role("button", name="Try again as a new job").click()
    expect(view.page.get_by_text("The job was queued again as a new one.")).to_be_visible()
    for number in range(52):
        desk.put_alert(f"QueueLong{number}", "critical")
    view.go("/alerts")
    view.page.get_by_label("Text").fill("queuelong")
    view.page.get_by_role("button", name="Show").click()
    view.page.get_by_role("link", name="Next page").click()
    expect(view.page.get_by_role("rowheader")).to_have_count(2)
    view.page.get_by_role("link", name="First page").click()
    expect(view.page.get_by_text("50 of 52")).to_be_visible()
    context.close()


def test_the_service_going_away_and_coming_back_is_told(view: View, desk: Desk) -> None:
    view.go("/workers")
    banner = view.page.get_by_text("The service does not answer")
    view.page.route("**/workers", lambda route: route.abort())
    expect(banner).to_be_visible()
    view.page.unroute_all()
    expect(banner).to_be_hidden()
    view.complaints.clear()


def tab_to(page: Page, identity: str) -> None:
    """Press Tab until the element with this id has the focus."""
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == identity:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached #{identity}")
