"""What PostgreSQL hides from our role: it shows empty columns and fewer rows, and says nothing of it."""

from sqlalchemy import Connection, text

from exporter.bounds import label
from exporter.errors import Refused

ROLE = text("SELECT quote_ident(current_user)")
SEES_ALL = text("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")


def demand_statistics(connection: Connection, what: str) -> None:
    """Raises Refused where `what` of other roles is hidden from ours; the text says what to grant."""
    if not connection.execute(SEES_ALL).scalar_one():
        role = own_role(connection)
        raise Refused(
            f"database hides {what} of other roles from {role}; "
            f"GRANT pg_monitor TO {role}, or the narrower pg_read_all_stats"
        )


def own_role(connection: Connection) -> str:
    """The name of our role, quoted as SQL wants it."""
    return label(str(connection.execute(ROLE).scalar_one()))
