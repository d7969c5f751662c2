"""How a list is read: in the order of an index until it is full, whatever filters it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import Order, PageRequest, list_alerts
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILTERS = (
    AlertFilter(),
    AlertFilter(status="resolved", acknowledged=False),
    AlertFilter(status="resolved", since=NOW),
    AlertFilter(status="firing", since=NOW, until=NOW),
)


@pytest.mark.parametrize("order", ["newest", "gravest", "longest"])
def test_no_list_is_sorted(order: Order, tmp_path: Path) -> None:
    """SQLite once read all that had ended, and sorted it, for fifty of it."""
    store = Store.at(f"sqlite:///{tmp_path}/own.db")
    migrate(store.engine)
    asked: list[tuple[str, object]] = []
    with store.read() as session:
        event.listen(
            store.engine,
            "before_cursor_execute",
            lambda _c, _u, said, values, *_: asked.append((said, values)),
        )
        for wanted in FILTERS:
            list_alerts(session, wanted, PageRequest(order, NOW))
        ordered = [(said, values) for said, values in asked if "ORDER BY" in said]
        assert len(ordered) >= len(FILTERS)
        for said, values in ordered:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)  # type: ignore[arg-type]
            steps = " ".join(row[3] for row in plan)
            assert "USING INDEX alerts_" in steps or "USING COVERING INDEX alerts_" in steps, said
            assert "TEMP B-TREE FOR ORDER BY" not in steps, said
    store.close()
