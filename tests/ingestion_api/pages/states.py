"""Every page in every state that it has, each as a way to get there."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ingestion_api.backtest.backtest import BacktestResult, Backtests, Firing, SeverityCount
from ingestion_api.pages.backtest_chart import make_chart
from tests.ingestion_api.pages.browsers import View
from tests.ingestion_api.pages.desk import TOKEN, Desk
from tests.ingestion_api.pages.incident_states import incident_with_a_timeline
from tests.ingestion_api.pages.notice_streams import fire

State = Callable[[Desk, View], None]
LONG = "https://git.example.org/keepers/an-unusually-long-name-of-a-repository-that-has-to-wrap-somewhere"


def home_calm(desk: Desk, view: View) -> None:
    desk.put_worker("cloud@tower")
    view.go("/")


def home_needs(desk: Desk, view: View) -> None:
    desk.put_worker("cloud@tower", silent_seconds=30)
    desk.put_alert("ApiErrorRatioHigh", "critical")
    desk.put_alert("CacheHitRatioLow", "info")
    desk.put_job("failed", error="the host was not reached")
    view.go("/")


def alerts_none(desk: Desk, view: View) -> None:
    view.go("/alerts")


def alerts_some(desk: Desk, view: View) -> None:
    desk.put_alert("ApiErrorsHigh", "critical", module="search", path="/search" * 40)
    desk.put_alert("Odd" * 60, "severe" * 10)
    desk.put_alert("CacheHitLow", "info", ended=True)
    view.go("/alerts")


def alerts_with_a_label(desk: Desk, view: View) -> None:
    desk.put_alert("ApiErrorsHigh", "warning", module="search")
    view.go("/alerts?alertname=ApiErrorsHigh&module=search&state=firing")


def alerts_with_every_filter(desk: Desk, view: View) -> None:
    for number in range(55):
        desk.put_alert(f"ApiErrorsHigh{number}", "critical", module="search", path="/search" * 40)
    view.go(
        "/alerts?state=firing&severity=critical&severity=warning&module=search&module=graph&signal=&text=errors"
        f"&label=path%3D{'/search' * 40}&since=2026-11-01T00:00&acknowledged=no&order=longest"
    )
    view.page.get_by_role("link", name="Next page").wait_for()


def alert_that_fires(desk: Desk, view: View) -> None:
    number = desk.put_alert("WorkerQueueLong", "critical", signal="worker_queue_length", path="/search" * 40)
    view.go(f"/alerts/{number}")


def alert_acknowledged(desk: Desk, view: View) -> None:
    alert_that_fires(desk, view)
    view.page.get_by_label("Note").fill("Starting a second worker. " * 15)
    view.page.get_by_role("button", name="Acknowledge").click()
    view.page.get_by_text("Acknowledged by operator").first.wait_for()


def alerts_acknowledged(desk: Desk, view: View) -> None:
    alert_acknowledged(desk, view)
    view.go("/alerts")


def no_such_alert(desk: Desk, view: View) -> None:
    view.go("/alerts/999999", 404)


def ingest_empty(desk: Desk, view: View) -> None:
    view.go("/ingest?repo_url=https://github.com/tower/lamp")


def ingest_refused(desk: Desk, view: View) -> None:
    view.go("/ingest?repo_url=file:///etc/passwd")
    view.page.get_by_role("button", name="Queue it").click()
    view.page.get_by_role("alert").wait_for()


def ingest_full(desk: Desk, view: View) -> None:
    for copy in range(10):
        desk.put_job("pending", copy=copy)
    view.go("/ingest")


def jobs_none(desk: Desk, view: View) -> None:
    view.go("/jobs")


def jobs_many(desk: Desk, view: View) -> None:
    for state in ("complete", "failed", "skipped", "cancelled", "pending", "processing"):
        for copy in range(5):
            desk.put_job(state, LONG, copy=f"{state} {copy}", files_total=20, files_processed=copy)
    view.go("/jobs")


def jobs_in_a_state(desk: Desk, view: View) -> None:
    desk.put_job("failed", error="no")
    view.go("/jobs?state=failed")


def job_pending(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('pending')}")


def job_starting(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('processing', stage='cloning')}")


def job_processing(desk: Desk, view: View) -> None:
    number = desk.put_job(
        "processing",
        LONG,
        files_total=40,
        files_processed=10,
        embeddings_total=40,
        embeddings_generated=0,
        worker="w@tower",
    )
    view.go(f"/jobs/{number}")


def job_stopping(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('processing', cancel_requested_at=datetime.now(UTC))}?notice=cancelling")


def job_complete(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('complete', files_total=40, files_processed=40, attempts=2, losses=1)}")


def job_failed(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('failed', error='git.example.org answered with status 503; expected 200')}")


def job_skipped(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('skipped', reason='Task exceeded TTL')}")


def job_cancelled(desk: Desk, view: View) -> None:
    view.go(f"/jobs/{desk.put_job('cancelled', reason='cancelled by operator')}")


def workers_none(desk: Desk, view: View) -> None:
    view.go("/workers")


def workers_all_kinds(desk: Desk, view: View) -> None:
    desk.put_worker("cloud@tower")
    desk.put_worker("cloud@pier", silent_seconds=30)
    desk.put_worker("edge@rock", silent_seconds=3000, kind="edge", available=True, cards=[{"name": "L4"}])
    for number in range(6):
        desk.put_worker(f"cloud@isle-{number}")
    view.go("/workers")


def embeddings_none(desk: Desk, view: View) -> None:
    view.go("/embeddings")


def embeddings_some(desk: Desk, view: View) -> None:
    desk.put_resources(with_vector=7, without=3)
    desk.put_job("complete", None, embeddings_total=7, embeddings_generated=7)
    view.go("/embeddings")


def embeddings_running(desk: Desk, view: View) -> None:
    desk.put_resources(with_vector=3, without=7)
    desk.put_job("failed", None, error="no")
    desk.put_job("processing", None, embeddings_total=7, embeddings_generated=2)
    view.go("/embeddings?resource_ids=a,b&batch_size=5")


def embeddings_refused(desk: Desk, view: View) -> None:
    view.go("/embeddings")
    view.page.get_by_label("These, by their ids").check()
    view.page.get_by_role("button", name="Generate").click()
    view.page.get_by_role("alert").wait_for()


def cache_empty(desk: Desk, view: View) -> None:
    view.go("/cache")


def cache_full(desk: Desk, view: View) -> None:
    desk.put_keys("search_query:", 12)
    desk.put_keys("revoked_token:", 2)
    view.go("/cache?prefix=search_query:")


def cache_asking(desk: Desk, view: View) -> None:
    cache_full(desk, view)
    view.page.get_by_role("button", name="Count the keys").click()
    view.page.get_by_role("heading", name="Clear search_query:?").wait_for()


def cache_nothing_to_clear(desk: Desk, view: View) -> None:
    view.go("/cache?prefix=hover:")
    view.page.get_by_role("button", name="Count the keys").click()
    view.page.get_by_text("nothing to delete").wait_for()


def cache_cleared(desk: Desk, view: View) -> None:
    cache_asking(desk, view)
    view.page.get_by_label("Yes, delete these keys").check()
    view.page.get_by_role("button", name="Delete 12 keys").click()
    view.page.get_by_text("were deleted").wait_for()


def cache_refused(desk: Desk, view: View) -> None:
    view.go("/cache?prefix=a%20b")
    view.page.get_by_role("button", name="Count the keys").click()
    view.page.get_by_role("alert").wait_for()


def enter(view: View, label: str, number: str) -> None:
    # Firefox over BiDi would add to what is in a field of numbers
    view.page.get_by_label(label).focus()
    view.page.keyboard.press("ControlOrMeta+A")
    view.page.keyboard.type(number)


def preferences_as_in_the_file(desk: Desk, view: View) -> None:
    view.go("/preferences?signal=lamp")
    view.page.get_by_text("There is no signal lamp").wait_for()


def preferences_set(desk: Desk, view: View) -> None:
    view.go("/preferences?signal=api_error_ratio")
    enter(view, "Critical", "0.07")
    view.page.get_by_label("Reason").fill("A noisy client. " * 30)
    view.page.get_by_label("For how long").select_option("4 hours")
    view.page.get_by_role("button", name="Set these levels").click()
    view.page.get_by_text("The levels were set").wait_for()
    view.go("/preferences?signal=api_error_ratio")


def preferences_refused(desk: Desk, view: View) -> None:
    view.go("/preferences?signal=api_error_ratio")
    enter(view, "Warning", "0.5")
    view.page.get_by_role("button", name="Set these levels").click()
    view.page.get_by_role("alert").wait_for()


def preferences_fixed(desk: Desk, view: View) -> None:
    view.go("/preferences?signal=backend_up")


def preferences_tried(desk: Desk, view: View) -> None:
    until = datetime.now(UTC).timestamp()
    fired = [
        Firing({"module": "search"}, until - day * 80_000, until - day * 80_000 + 900) for day in (5, 2, 1)
    ]
    counts = [SeverityCount("warning", 0.02, fired), SeverityCount("critical", 0.05, fired[-1:])]
    sentence = "With these levels the last 7 days would have paged once instead of 1."
    chart = make_chart(BacktestResult(counts, counts, until - 500_000, until, "", sentence))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion_api.pages.preferences.run_backtest", lambda *_: chart.result)
        patch.setattr(Backtests, "is_configured", True)
        view.go("/preferences?signal=api_error_ratio")
        view.page.get_by_role("button", name="Try on the last 7 days").click()
        view.page.get_by_text(sentence).wait_for()


def noise_none(desk: Desk, view: View) -> None:
    view.go("/noise")


def noise_some(desk: Desk, view: View) -> None:
    desk.put_alert("ApiErrorsHigh", "critical", module="search")
    desk.put_alert("Odd" * 60, "severe" * 10, ended=True)
    view.go("/noise?weeks=12")


def notices_none(desk: Desk, view: View) -> None:
    view.go("/notices")


def notices_with_cards(desk: Desk, view: View) -> None:
    view.go("/notices?notice=notices-set")
    await_stream(view)
    fire(desk.url, TOKEN, "Odd" * 60, severity="page")
    for severity in ("info", "warning", "critical"):
        fire(desk.url, TOKEN, f"Workers{severity.title()}", severity=severity)
    fire(desk.url, TOKEN, "WorkersInfo", severity="info", status="resolved")
    view.page.get_by_role("link", name="WorkersInfo is over").wait_for()
    view.go("/notices")
    await_stream(view)
    fire(desk.url, TOKEN, "Odd" * 40, "Another", "Late", "Later", "Latest", severity="warning")
    view.page.get_by_role("link", name="1 more: all notices").wait_for()


def notices_refused(desk: Desk, view: View) -> None:
    view.go("/notices")
    view.page.get_by_label("Quiet from").fill("22:00")
    view.page.get_by_role("button", name="Set these notices").click()
    view.page.get_by_role("alert").wait_for()


def await_stream(view: View) -> None:
    """Wait until the page listens."""
    view.page.locator("#notices[data-state=open]").wait_for(state="attached")


def nothing_here(desk: Desk, view: View) -> None:
    view.go("/nothing", 404)


def no_such_job(desk: Desk, view: View) -> None:
    view.go("/jobs/999999", 404)


def service_away(desk: Desk, view: View) -> None:
    view.go("/workers")
    view.page.route("**/workers", lambda route: route.abort())
    view.page.get_by_text("The service does not answer").wait_for()
    view.page.unroute_all()
    view.complaints.clear()


STATES: tuple[State, ...] = (
    home_calm, home_needs, alerts_none, alerts_some, alerts_with_a_label, alerts_with_every_filter,
    alert_that_fires, alert_acknowledged, incident_with_a_timeline, alerts_acknowledged, no_such_alert,
    ingest_empty, ingest_refused, ingest_full, jobs_none, jobs_many, jobs_in_a_state,
    job_pending, job_starting, job_processing, job_stopping, job_complete, job_failed, job_skipped,
    job_cancelled, workers_none, workers_all_kinds, embeddings_none, embeddings_some, embeddings_running,
    embeddings_refused, cache_empty, cache_full, cache_asking, cache_nothing_to_clear, cache_cleared,
    cache_refused, preferences_as_in_the_file, preferences_set, preferences_refused, preferences_fixed,
    preferences_tried, noise_none, noise_some, notices_none, notices_with_cards, notices_refused,
    nothing_here, no_such_job, service_away,
)  # fmt: skip

# each kind of page once: what a second engine sees in `make test`; `make fuzz` shows it all of them
CROSS_SECTION: tuple[State, ...] = (
    home_needs, alerts_with_every_filter, alert_acknowledged, incident_with_a_timeline, ingest_refused,
    jobs_many, job_processing, workers_all_kinds, embeddings_running, cache_asking, preferences_refused,
    noise_some, notices_with_cards, service_away,
)  # fmt: skip


def sign_in_form(desk: Desk, view: View) -> None:
    view.go("/sign-in")


def sign_in_refused(desk: Desk, view: View) -> None:
    view.go("/sign-in")
    view.page.get_by_label("Token").fill("a guess")
    view.page.get_by_role("button", name="Sign in").click()
    view.page.get_by_role("alert").wait_for()


STRANGERS: tuple[State, ...] = (sign_in_form, sign_in_refused)
