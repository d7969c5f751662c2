"""The page of alerts: what is in it, in which order, and what of a stranger's text is let through."""

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
