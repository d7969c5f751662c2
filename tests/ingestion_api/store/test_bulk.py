"""Rows that are written together are what SQLAlchemy would have written one by one."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import insert, select

from ingestion_api.alerts.incident_rows import label_columns
from ingestion_api.store import Store
from ingestion_api.store.bulk import insert_rows, new_ids, update_rows
from ingestion_api.store.tables import Alert
from tests.ingestion_api.conftest import MORNING

WORDS = 'Größe, "灯台" 🗼 \\ \'; \t%s :name {x}'


def row(number: int) -> dict[str, Any]:
    """An incident with all that a text may hold."""
    return {
        "fingerprint": f"{number:x}",
        "starts_at": MORNING + timedelta(microseconds=7),
        "ends_at": None if number % 2 else datetime(1, 1, 2, tzinfo=timezone(timedelta(hours=5))),
        "status": "firing",
        **label_columns({"alertname": WORDS, "module": WORDS, WORDS: WORDS}),
        "annotations": {"summary": WORDS},
        "generator_url": WORDS,
        "receiver": "",
        "first_received_at": MORNING,
        "last_received_at": MORNING,
        "notices": number,
    }


def stored(store: Store) -> list[dict[str, Any]]:
    """All rows but for what names each."""
    with store.read() as session:
        rows = session.execute(select(Alert.__table__).order_by(Alert.id)).mappings().all()
    return [{**it, "text_id": None} for it in rows]


def test_rows_are_the_same_however_they_are_written(store: Store) -> None:
    rows = [row(number) for number in range(6)]
    with store.write() as session:
        session.execute(insert(Alert), rows[:3])
        ids = new_ids(session.connection(), Alert, 3)
        insert_rows(
            session.connection(), Alert, [{"id": each, **it} for each, it in zip(ids, rows[3:], strict=True)]
        )
        session.execute(insert(Alert), [row(6)])
    found = stored(store)
    assert [it["id"] for it in found] == [1, 2, 3, 4, 5, 6, 7]
    for number, it in enumerate(found):
        wanted = row(number)
        assert {name: it[name] for name in wanted} == wanted
        # what differs is what differs between two rows of SQLAlchemy as well
        assert {**it, **wanted, "id": 0} == {**found[number % 2], **wanted, "id": 0}


def test_rows_are_updated_each_with_its_own_values(store: Store) -> None:
    with store.write() as session:
        insert_rows(session.connection(), Alert, [row(number) for number in range(4)])
        ids = session.scalars(select(Alert.id).order_by(Alert.id)).all()
        assignments = "ends_at = {ends_at}, annotations = {annotations}, notices = alerts.notices + 10"
        values = [
            {"id": ids[number], "ends_at": MORNING + timedelta(days=number), "annotations": {WORDS: number}}
            for number in (1, 3)
        ]
        update_rows(session.connection(), Alert, assignments, values)
    found = stored(store)
    assert [it["notices"] for it in found] == [0, 11, 2, 13]
    assert [it["annotations"] for it in found[::2]] == [{"summary": WORDS}] * 2
    assert [it["annotations"] for it in found[1::2]] == [{WORDS: 1}, {WORDS: 3}]
    assert [it["ends_at"] for it in found[1::2]] == [MORNING + timedelta(days=day) for day in (1, 3)]
    assert found[0]["ends_at"] == datetime(1, 1, 1, 19, tzinfo=UTC)
