"""Who gets in, what a form must carry, what every page tells the browser."""

import pytest

from ingestion_api.pages.session import COOKIE
from ingestion_api.pages.sign_in import local_path
from ingestion_api.store.tables import AuditRow, Job
from tests.ingestion_api.pages.desk import TOKEN
from tests.ingestion_api.pages.visits import Visits

PAGES = (
    "/",
    "/alerts",
    "/alerts/1",
    "/ingest",
    "/jobs",
    "/jobs/1",
    "/workers",
    "/embeddings",
    "/cache",
    "/preferences",
    "/notices",
)
FORMS = (
    "/ingest",
    "/jobs/1/cancel",
    "/jobs/1/retry",
    "/embeddings",
    "/cache/dry-run",
    "/cache/clear",
    "/alerts/1/acknowledge",
    "/alerts/1/take-back",
    "/preferences/pool_use",
    "/preferences/pool_use/set-back",
    "/notices/preferences",
    "/sign-out",
)


@pytest.mark.parametrize("address", PAGES)
def test_strangers_are_asked_to_sign_in_and_come_back(visits: Visits, address: str) -> None:
    response = visits.get(address + "?prefix=a%26b")
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?next=%2F")
    assert "prefix%3Da%2526b" in response.headers["location"]


def test_a_live_region_of_a_stranger_leaves_the_page(visits: Visits) -> None:
    response = visits.get("/jobs", **{"hx-request": "true"})
    assert response.headers["hx-redirect"] == "/sign-in?next=%2Fjobs"
    assert response.text == ""


def test_the_token_opens_and_the_visitor_goes_on(visits: Visits) -> None:
    response = visits.post("/sign-in", token=f" {TOKEN} ", next="/cache?prefix=a")
    assert (response.status_code, response.headers["location"]) == (303, "/cache?prefix=a")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert visits.get("/cache?prefix=a").status_code == 200
    assert visits.get("/sign-in?next=/jobs").headers["location"] == "/jobs"


def test_a_wrong_token_is_told_and_guessing_is_slowed(visits: Visits) -> None:
    for _ in range(3):
        response = visits.post("/sign-in", token="a guess")
        assert response.status_code == 401
        assert "This is not the token." in response.text
    response = visits.post("/sign-in", token="a guess")
    assert response.status_code == 429
    assert "Too many failed attempts" in response.text
    assert "a guess" not in response.text
    assert visits.post("/sign-in", token=TOKEN).status_code == 303


def test_a_planted_session_is_worth_nothing_after_signing_in(visits: Visits) -> None:
    visits.get("/sign-in")
    before = visits.client.cookies[COOKIE]
    visits.post("/sign-in", token=TOKEN)
    assert visits.client.cookies[COOKIE].split(".")[0] != before.split(".")[0]


@pytest.mark.parametrize(
    "change",
    [lambda cookie: cookie[:-1], lambda cookie: cookie.replace("stranger", "operator"), lambda _: "x"],
)
def test_a_changed_cookie_is_no_session(visits: Visits, change: object) -> None:
    assert callable(change)
    visits.get("/sign-in")
    cookie = change(visits.client.cookies[COOKIE])
    visits.client.cookies.clear()
    visits.client.cookies.set(COOKIE, cookie)
    assert visits.get("/jobs").status_code == 303


def test_signing_out_ends_the_session(operator: Visits) -> None:
    response = operator.post("/sign-out")
    assert response.headers["location"] == "/sign-in?notice=signed-out"
    assert "You have signed out." in operator.get("/sign-in?notice=signed-out").text
    assert operator.get("/jobs").status_code == 303


def test_a_copied_cookie_is_worth_nothing_after_signing_out(operator: Visits) -> None:
    copied = operator.client.cookies[COOKIE]
    operator.post("/sign-out")
    operator.client.cookies.clear()
    operator.client.cookies.set(COOKIE, copied)
    response = operator.get("/jobs")
    assert response.headers["location"] == "/sign-in?next=%2Fjobs"
    # a new one takes its place, or the browser would be sent to and fro
    assert response.cookies[COOKIE] != copied
    operator.client.cookies.clear()
    assert operator.post("/sign-in", token=TOKEN).status_code == 303
    assert operator.get("/jobs").status_code == 200


@pytest.mark.parametrize("address", FORMS)
def test_a_form_without_the_key_of_its_session_is_refused(operator: Visits, address: str) -> None:
    response = operator.post(address, form_key="0" * 64, prefix="aa", repo_url="https://github.com/a/b")
    assert response.status_code == 403
    assert "too old or not from here" in response.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://[::::]", "null", "http://testserver@evil.example"]
)
@pytest.mark.parametrize("address", FORMS)
def test_a_form_from_another_site_is_refused(operator: Visits, address: str, origin: str) -> None:
    response = operator.post(address, origin=origin, prefix="aa")
    assert response.status_code == 403
    assert "another site" in response.text


def test_a_stranger_with_a_good_form_is_asked_to_sign_in(visits: Visits) -> None:
    response = visits.post("/ingest", repo_url="https://github.com/a/b")
    assert response.headers["location"] == "/sign-in?next=%2F"


@pytest.mark.parametrize("address", [*PAGES, "/sign-in", "/nothing"])
def test_every_page_carries_a_strict_policy(operator: Visits, address: str) -> None:
    response = operator.get(address)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "://" not in response.text.replace("https://github.com/owner/name", "")


def test_nothing_changes_on_get(operator: Visits) -> None:
    for address in (
        *PAGES,
        "/ingest?repo_url=https://github.com/a/b",
        "/embeddings?resource_ids=a",
        "/cache?prefix=aa",
        "/preferences?signal=pool_use&critical=0.8",
    ):
        operator.get(address)
    with operator.app.state.service.store.read() as session:
        assert not session.query(Job).count()
        # the attempts of another test may be written only now
        assert not session.query(AuditRow).filter(AuditRow.action != "sign_in_failed").count()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "/a\nb",
        "",
        "javascript:alert(1)",
    ],
)
def test_nobody_is_sent_to_another_site(address: str) -> None:
    assert local_path(address) == "/"


def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(operator: Visits) -> None:
    assert "Nothing here" in operator.get("/nothing").text
    assert operator.get("/api/v1/nothing").json() == {"detail": "There is nothing at this address."}
    assert operator.client.get("/nothing").json() == {"detail": "There is nothing at this address."}


def test_text_from_outside_is_escaped(operator: Visits) -> None:
    text = operator.get("/ingest?repo_url=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_files_are_served_from_here_with_an_address_that_changes_with_them(operator: Visits) -> None:
    page = operator.get("/").text
    for address in [part.split('"')[0] for part in page.split('src="')[1:]]:
        assert address.startswith("/static/")
        assert "?v=" in address
        assert operator.client.get(address).status_code == 200
