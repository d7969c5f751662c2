"""Text of a PostgreSQL whatever its encoding is: we speak UTF-8, and the server converts where it can.

A server of encoding SQL_ASCII, as initdb makes it where no locale is set, converts nothing, and ends a
statement that meets a text which is no UTF-8. So there nobody converts: what we write is UTF-8, what others
have written may be anything.
"""

from typing import Any

from psycopg.adapt import Buffer, Loader

UTF8 = "utf8"
TEXT_TYPES = ("text", "varchar", "bpchar", "name")


class LenientTextLoader(Loader):
    """Reads UTF-8, with U+FFFD in place of what is none."""

    def load(self, data: Buffer) -> str:
        """The text of a column."""
        return bytes(data).decode(errors="replace")


def accept_any_encoding(connection: Any, _record: object) -> None:
    """Let a new connection read whatever bytes stand in a database of encoding SQL_ASCII."""
    if connection.info.parameter_status("server_encoding") != "SQL_ASCII":
        return
    connection.execute("SET client_encoding TO 'SQL_ASCII'")
    connection.commit()
    for name in TEXT_TYPES:
        connection.adapters.register_loader(name, LenientTextLoader)
