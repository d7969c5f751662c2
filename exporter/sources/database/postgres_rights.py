"""What PostgreSQL hides from our role: it shows empty columns and fewer rows, and says nothing of it."""

from sqlalchemy import Connection, text

from exporter.cardinality import sanitize_label
from exporter.errors import RequestFailed

CURRENT_ROLE = text("SELECT quote_ident(current_user)")
CAN_READ_ALL_STATS = text("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")


def require_statistics_role(connection: Connection, what: str) -> None:
    """Raises Refused where `what` of other roles is hidden from ours; the text says what to grant."""
    if not connection.execute(CAN_READ_ALL_STATS).scalar_one():
        role = current_role(connection)
        raise RequestFailed(
            f"database hides {what} of other roles from {role}; "
            f"GRANT pg_monitor TO {role}, or the narrower pg_read_all_stats"
        )


def current_role(connection: Connection) -> str:
    """The name of our role, quoted as SQL wants it."""
    return sanitize_label(str(connection.execute(CURRENT_ROLE).scalar_one()))
