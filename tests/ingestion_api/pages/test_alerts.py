"""The page of alerts: what is in it, in which order, and what of a stranger's text is let through."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from ingestion_api.store.tables import Alert
from tests.ingestion_api.pages.visits import Visits

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = "<script>alert('lamp')</script>\"><img src=x>"


@pytest.fixture(autouse=True)
def _nothing_kept(operator: Visits) -> Iterator[None]:
    yield
    with operator.app.state.service.store.write() as session:
        session.execute(delete(Alert))


def put(
    operator: Visits,
    name: str,
    *,
    severity: str = "warning",
    ended: int | None = None,
    annotations: dict[str, str] | None = None,
    suppression: str = "",
    **labels: str,
) -> None:
    """Write an alert; `ended` is how many minutes after noon it was resolved."""
    alert = Alert(
        fingerprint=name.encode().hex()[:64],
        starts_at=NOON,
        ends_at=None if ended is None else NOON + timedelta(minutes=ended),
        status="firing" if ended is None else "resolved",
        name=name,
        severity=severity,
        labels={"alertname": name, "severity": severity, **labels},
        annotations=annotations or {},
        suppression=suppression,
        generator_url="",
        receiver="desk",
        first_received_at=NOON,
        last_received_at=NOON,
    )
    with operator.app.state.service.store.write() as session:
        session.add(alert)


def shown(operator: Visits, address: str) -> list[str]:
    """The names of the alerts on the page, from above."""
    response = operator.get(address)
    assert response.status_code == 200
    return re.findall(r'<th scope="row"><a [^>]+>(\w+)', response.text.replace("<wbr>", ""))


def test_what_fires_comes_first_and_the_gravest_before(operator: Visits) -> None:
    put(operator, "EndedLate", ended=50)
    put(operator, "EndedEarly", severity="critical", ended=10)
    put(operator, "Light")
    put(operator, "Heavy", severity="critical")
    assert shown(operator, "/alerts") == ["Heavy", "Light", "EndedEarly", "EndedLate"]


def test_what_always_fires_needs_no_attention(operator: Visits) -> None:
    put(operator, "Watchdog", severity="info")
    put(operator, "RedisDown", severity="critical")
    text = operator.get("/").text
    assert "Alert RedisDown fires" in text
    assert "Watchdog" not in text


def test_a_cause_needs_attention_before_what_it_inhibits(operator: Visits) -> None:
    put(operator, "BackendDown", severity="critical")
    put(operator, "ModuleDown", severity="critical", suppression="inhibited")
    put(operator, "ApiSlow", severity="warning")
    fires = re.findall(r"Alert (\w+) fires", operator.get("/").text)
    assert fires == ["BackendDown", "ModuleDown", "ApiSlow"]


def test_a_critical_alert_is_shown_however_many_newer_ones_fire(operator: Visits) -> None:
    """The filter and the order come before the cut; the number is that of all."""
    put(operator, "Heavy", severity="critical", module="search")
    for number in range(520):
        put(operator, f"Light{number}", severity="info", module="graph")
    assert "Alert Heavy fires" in operator.get("/").text
    assert shown(operator, "/alerts")[0] == "Heavy"
    assert "521 firing" in operator.get("/alerts").text
    assert shown(operator, "/alerts?severity=critical") == ["Heavy"]
    assert shown(operator, "/alerts?module=search&lane=") == ["Heavy"]
    assert len(operator.get("/alerts").content) < 300_000


def test_an_alert_whose_source_is_gone_is_closed_on_its_page(operator: Visits) -> None:
    put(operator, "Gone")
    address = re.findall(r'href="(/alerts/\d+)"', operator.get("/alerts").text)[0]
    assert operator.post(f"{address}/close", reason="The server is gone.", back=address).status_code == 303
    text = operator.get(address).text
    assert "closed by hand by operator: “The server is gone.”" in text
    assert "Is its source gone?" not in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("module=search", ["SearchSlow", "SearchDown"]),
        ("module=search&state=firing", ["SearchSlow"]),
        ("module=search&status=firing", ["SearchSlow"]),
        ("module=search&state=resolved&alertname=SearchDown", ["SearchDown"]),
        ("module=search&module=graph&state=firing", ["SearchSlow", "GraphSlow"]),
        ("module=&state=resolved", ["SearchDown"]),
        ("module=search&alertname=GraphSlow", []),
        ("model=search", []),
    ],
)
def test_labels_and_state_of_the_address_choose(operator: Visits, query: str, names: list[str]) -> None:
    put(operator, "GraphSlow", module="graph")
    put(operator, "SearchSlow", severity="critical", module="search")
    put(operator, "SearchDown", module="search", ended=1)
    assert shown(operator, f"/alerts?{query}") == names


def test_nothing_is_told_in_words(operator: Visits) -> None:
    assert "No alert has been told of yet." in operator.get("/alerts").text
    assert "No alert fires." in operator.get("/alerts?state=firing").text
    assert "No alert that ended is like this." in operator.get("/alerts?state=resolved&a=b").text
    assert operator.get("/alerts?state=sleeping").status_code == 400


def test_the_page_asks_again_for_what_it_shows(operator: Visits) -> None:
    text = operator.get("/alerts?module=a%26b&state=firing").text
    assert 'hx-get="/alerts?module=a%26b&amp;state=firing"' in text
    assert '<option value="a&amp;b" selected>' in text


def test_a_hostile_text_stays_text(operator: Visits) -> None:
    put(operator, "Odd", severity=HOSTILE[:64], annotations={"summary": HOSTILE}, module=HOSTILE)
    for text in (
        operator.get("/alerts").text,
        operator.client.get("/alerts", params={HOSTILE: HOSTILE}).text,
    ):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert(" in text


def test_a_page_has_fifty_and_leads_to_the_next(operator: Visits) -> None:
    for number in range(103):
        put(operator, f"A{number}", severity="critical" if number % 2 else "info", module="search")
    seen: list[str] = []
    address, pages = "/alerts?module=search&order=newest", 0
    while address:
        seen += shown(operator, address)
        pages += 1
        following = re.findall(r'href="([^"]+)">Next page', operator.get(address).text)
        address = html.unescape(following[0]) if following else ""
    assert (pages, sorted(seen)) == (3, sorted(f"A{number}" for number in range(103)))


def test_what_is_shown_is_taken_home(operator: Visits) -> None:
    put(operator, "Kept", module="search", ended=5)
    put(operator, "Other", module="graph")
    text = operator.get("/alerts?module=search&state=resolved").text
    csv_address, json_address = (html.unescape(it) for it in re.findall(r'href="([^"]+)">All as', text))
    assert csv_address == "/alerts.csv?module=search&state=resolved"
    assert [line.split(",")[1] for line in operator.get(csv_address).text.splitlines()] == ["name", "Kept"]
    assert [it["name"] for it in operator.get(json_address).json()["alerts"]] == ["Kept"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("severity=grave", "severity is &#39;grave&#39;"),
        ("text=a%00b", "text is "),
        (f"text={'x' * 10_000}", "text is "),
        ("since=tomorrow", "since is &#39;tomorrow&#39;; expected a moment"),
        ("since=2026-11-24T00:00&until=2026-11-23T00:00", "since is 2026-11-24"),
        ("order=odd", "order is &#39;odd&#39;"),
        ("acknowledged=perhaps", "acknowledged is "),
        ("before=5", "before is &#39;5&#39;"),
        ("a=%00", "label is "),
        ("=a", "label is "),
    ],
)
def test_what_is_wrong_in_an_address_is_named(operator: Visits, query: str, said: str) -> None:
    response = operator.get(f"/alerts?{query}")
    assert response.status_code == 400
    assert f"<p>{said}" in response.text or said in response.text
    if not query.startswith(("order", "before")):
        assert operator.get(f"/alerts.csv?{query}").status_code == 400


def test_a_form_gives_moments_in_utc_and_gets_them_back(operator: Visits) -> None:
    put(operator, "Morning", ended=5)
    assert shown(operator, "/alerts?since=2026-11-23T12:06") == []
    text = operator.get("/alerts?since=2026-11-23T12:04&until=2026-11-23T14:00%2B01:00").text
    assert shown(operator, "/alerts?since=2026-11-23T12:04&until=2026-11-23T13:00") == ["Morning"]
    assert 'name="since" value="2026-11-23T12:04"' in text
    assert 'name="until" value="2026-11-23T13:00"' in text


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/jobs",
        "http:",
        "http://[",
    ],
)
def test_only_addresses_of_the_web_are_linked(operator: Visits, address: str) -> None:
    good = 'https://grafana.example/d/a?b="1"&c=2'
    put(operator, "Odd", annotations={"runbook_url": address, "dashboard_url": good})
    text = operator.get("/alerts").text
    assert 'href="https://grafana.example/d/a?b=&#34;1&#34;&amp;c=2"' in text
    assert "Runbook" not in text
    assert "javascript:" not in text
