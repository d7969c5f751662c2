"""All incidents of a filter as a file, written piece by piece: no more of them are in memory at once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from ingestion_api.alerts.cursors import NewestCursor
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import newest_after
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert

PIECE = 250  # incidents
COLUMNS = (
    "id", "name", "severity", "status", "module", "signal", "starts_at", "ends_at", "seconds",
    "end_known_by", "acknowledged_at", "acknowledged_by", "acknowledgement", "closed_by", "close_reason",
    "suppression", "was_silenced", "was_inhibited", "notices", "fingerprint",
)  # fmt: skip
TEXTS = ("summary", "description", "labels")


def read_pieces(store: Store, wanted: AlertFilter) -> Iterator[Sequence[Alert]]:
    """The incidents, newest first; the first are read at once, so that an absent database is an error."""
    pieces = _read(store, wanted)
    return chain((next(pieces, ()),), pieces)


def _read(store: Store, wanted: AlertFilter) -> Iterator[Sequence[Alert]]:
    last: NewestCursor | None = None
    while True:
        # a session for each piece, as a slow reader must not hold a state of the database
        with store.read() as session:
            piece, last = newest_after(session, wanted, PIECE, last)
        if piece:
            yield piece
        if last is None:
            return


def csv_pieces(pieces: Iterator[Sequence[Alert]]) -> Iterator[Sequence[Sequence[object]]]:
    """Rows of a table, its heading first."""
    first = next(pieces, ())
    yield [(*COLUMNS, *TEXTS), *map(_row, first)]
    for piece in pieces:
        yield [*map(_row, piece)]


def _row(alert: Alert) -> tuple[object, ...]:
    values = {name: getattr(alert, name) for name in COLUMNS}
    for name in ("starts_at", "ends_at", "acknowledged_at"):
        values[name] = values[name].isoformat() if values[name] else ""
    values["seconds"] = round(alert.seconds, 3) if alert.ends_at else ""
    said = alert.annotations
    return (*values.values(), said.get("summary", ""), said.get("description", ""), _labels(alert.labels))


def _labels(labels: Mapping[str, object]) -> str:
    return "; ".join(f"{name}={value}" for name, value in sorted(labels.items()))
