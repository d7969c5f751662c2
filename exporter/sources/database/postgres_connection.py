"""The exporter's PostgreSQL connection: lenient text, marked statements, counted transactions."""

import re
from codecs import lookup
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg.adapt import Dumper, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestampLoader, TimestamptzLoader

from exporter.sources.database.transaction_counts import TransactionCounts

MARK = "/* watchroom-exporter */"
FIRST_WORD = re.compile(r"^\s*\w+")
# 0 is the driver's fallback for unknown types such as enums; JSON is parsed later
TEXT_TYPES: tuple[str | int, ...] = (0, "text", "varchar", "bpchar", "name", '"char"', "json", "jsonb")
CODECS = {"SQL_ASCII": "utf-8", "UNICODE": "utf-8", "WIN": "cp1251", "UHC": "cp949", "ALT": "cp866"}


class MarkedCursor(psycopg.Cursor[Any]):
    """Marks each statement with a comment, so that the server shows it as the exporter's."""

    def execute(self, query: Any, *args: Any, **more: Any) -> Any:
        """Run the statement with the mark behind its first word, where the server keeps comments."""
        connection = self.connection
        is_transaction = connection.autocommit and isinstance(connection, CountingConnection)
        try:
            answer = super().execute(
                mark_statement(query) if isinstance(query, str) else query, *args, **more
            )
        except psycopg.DatabaseError as error:
            if is_transaction and error.sqlstate:
                connection.counts.rollbacks += 1  # type: ignore[attr-defined]
            raise
        if is_transaction:
            connection.counts.commits += 1  # type: ignore[attr-defined]
        return answer


class CountingConnection(psycopg.Connection[Any]):
    """A connection that counts its transactions in `counts`."""

    counts: TransactionCounts

    @classmethod
    def connect_counted(cls, counts: TransactionCounts, **arguments: Any) -> "CountingConnection":
        """Connect, which the server counts as a transaction, too."""
        connection: Any = cls.connect(cursor_factory=MarkedCursor, **arguments)
        connection.counts = counts
        counts.commits += 1
        for kind in TEXT_TYPES:
            connection.adapters.register_loader(kind, LenientTextLoader)
        connection.adapters.register_loader("timestamp", LenientTimestampLoader)
        connection.adapters.register_loader("timestamptz", LenientTimestamptzLoader)
        connection.adapters.register_dumper(str, LenientTextDumper)
        return connection  # type: ignore[no-any-return]

    def commit(self) -> None:
        """Commit, unless no transaction is open."""
        status = self.info.transaction_status
        super().commit()
        self.counts.commits += status == TransactionStatus.INTRANS
        self.counts.rollbacks += status == TransactionStatus.INERROR

    def rollback(self) -> None:
        """Roll back, unless no transaction is open."""
        is_open = self.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)
        super().rollback()
        self.counts.rollbacks += is_open


class LenientTextLoader(Loader):
    """Decodes text of any encoding; invalid bytes are replaced."""

    def __init__(self, oid: int, context: Any = None) -> None:
        super().__init__(oid, context)
        self._codec = server_codec(self.connection)

    def load(self, data: Any) -> str:
        """The text."""
        return bytes(data).decode(self._codec, "replace")


class LenientTextDumper(Dumper):
    """Encodes text for the server."""

    def dump(self, obj: str) -> bytes:
        """The bytes."""
        return obj.encode(server_codec(self.connection), "replace")


class LenientTimestampLoader(TimestampLoader):
    """A time, None for one that Python cannot represent, such as infinity."""

    def load(self, data: Any) -> datetime | None:  # type: ignore[override]
        """The time."""
        with suppress(psycopg.DataError):
            return super().load(data)
        return None


class LenientTimestamptzLoader(TimestamptzLoader):
    """The same with a zone."""

    def load(self, data: Any) -> datetime | None:  # type: ignore[override]
        """The time."""
        with suppress(psycopg.DataError):
            return super().load(data)
        return None


def server_codec(connection: Any) -> str:
    """Python's name of the server's encoding; the client's is SQL_ASCII, so nothing is converted."""
    name = (connection and connection.info.parameter_status("server_encoding")) or "SQL_ASCII"
    known = CODECS.get(name.upper()) or re.sub("^WIN", "cp", name)
    with suppress(LookupError):
        return lookup(known).name
    return "latin-1"


def mark_statement(query: str) -> str:
    """The statement with the mark after its first word; before it, the server would drop the comment."""
    return FIRST_WORD.sub(lambda word: f"{word[0]} {MARK}", query, count=1)
