"""The noise report: weeks, minutes, flapping, and what nobody acted on first."""

from datetime import UTC, datetime, timedelta

from ingestion_api.alerts.noise import csv_rows, noise_report
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from ingestion_api.web.downloads import csv_lines

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOW = MONDAY + timedelta(days=1)


def put(store: Store, name: str, start: float, end: float | None, *, acknowledged: bool = False) -> None:
    """Write an incident; minutes after Monday morning."""
    begun = MONDAY + timedelta(minutes=start)
    with store.write() as session:
        session.add(
            Alert(
                fingerprint=name.encode().hex(), name=name, severity="warning", starts_at=begun,
                ends_at=None if end is None else MONDAY + timedelta(minutes=end),
                status="firing" if end is None else "resolved", labels={}, annotations={}, generator_url="",
                receiver="", first_received_at=begun, last_received_at=begun,
                acknowledged_at=begun if acknowledged else None,
            )
        )  # fmt: skip


def test_what_nobody_acted_on_comes_first_and_minutes_belong_to_their_week(store: Store) -> None:
    put(store, "Handled", 0, 10, acknowledged=True)
    put(store, "Handled", 15, 16)
    put(store, "Handled", 60, 61)
    put(store, "=Ignored", -30, 5)
    put(store, "=Ignored", 100, None)
    with store.read() as session:
        rows = noise_report(session, NOW, weeks=2)
    assert [(it.week.day, it.alert, it.times, it.acknowledged, it.flapping) for it in rows] == [
        (23, "=Ignored", 1, 0, 0),
        (23, "Handled", 3, 1, 1),
        (16, "=Ignored", 1, 0, 0),
    ]
    assert [round(it.minutes) for it in rows] == [1440 - 100 + 5, 12, 30]
    assert [it.shortest for it in rows] == [None, 60, 35 * 60]
    lines = "".join(csv_lines(csv_rows(rows))).splitlines()
    assert lines[1] == "2026-11-23,'=Ignored,warning,1,1345.0,0,,0"
