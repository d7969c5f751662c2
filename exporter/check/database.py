"""The check of the database: connection, rights, and the tables that the exporter reads."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from exporter.check.attempt import Attempt, CheckDeadline, OperationCounter, polls_a_minute, try_poll
from exporter.check.backend import format_duration
from exporter.check.finding import (
    Finding,
    FindingState,
    PollCost,
    ReportSection,
    advice,
    join_names,
    unset_section,
)
from exporter.errors import SourceError
from exporter.polling import Poller
from exporter.settings_stores import DatabaseSettings
from exporter.settings_types import parse_database_url
from exporter.sources import Sources
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.schema import CONTRACT_TABLES, read_schema
from exporter.sources.database.source import DatabaseSource

SETTING = "DATABASE_URL"
SECONDS = 3.0
GROUP_SECONDS = 8.0
SERVER = text(
    """
    SELECT quote_ident(current_user), current_setting('server_encoding'), current_setting('server_version'),
           pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
           EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements')
    """
)
READABLE = text("SELECT has_any_column_privilege(quote_ident(:name), 'SELECT')")


@dataclass(frozen=True)
class DatabaseRights:
    """The rights of the role; `tables` maps each existing table to whether the role may read it."""

    role: str
    encoding: str
    version: str
    sees_all_sessions: bool
    has_statements: bool
    tables: dict[str, bool]


async def check_database(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Connect, read the rights, then make every poll once."""
    database, settings = sources.database, sources.settings.database
    if settings.url is None:
        return unset_section("database", SETTING, "tables, sessions, locks, resources, users")
    ping = await try_poll(database.ping, meter, limit, SECONDS)
    if ping.error is not None:
        failed = Finding("connection", FindingState.HIDDEN, str(ping.error), advice(ping.error, SETTING))
        return ReportSection("database", shown_address(settings), (failed,))
    # the first ping has opened the connection, which later ones keep
    ping = await try_poll(database.ping, meter, limit, SECONDS)
    findings = [Finding("connection", FindingState.SEEN, format_duration(ping.seconds))]
    findings += await rights_findings(database, settings)
    others = [it for it in database.pollers() if it.configured and it is not database.ping]
    attempts: list[Attempt] = []
    polls = [ping.poll] if ping.poll else []
    for period, group in group_by_rate(others).items():
        tried, poll = await try_together(group, period, database.ping, meter, limit)
        attempts += tried
        polls.append(poll)
    findings += poll_findings(attempts)
    return ReportSection("database", shown_address(settings), tuple(findings), tuple(polls), "transactions")


def group_by_rate(pollers: Sequence[Poller[Any]]) -> dict[float, list[Poller[Any]]]:
    """The pollers by polls a minute."""
    found: dict[float, list[Poller[Any]]] = {}
    for poller in pollers:
        found.setdefault(polls_a_minute(poller), []).append(poller)
    return found


async def try_together(
    pollers: Sequence[Poller[Any]],
    a_minute: float,
    ping: Poller[Any],
    meter: OperationCounter,
    limit: CheckDeadline,
) -> tuple[list[Attempt], PollCost]:
    """Make the polls of one period at once, as the exporter does: the connection reads one after another."""
    before, earlier, began = meter.operations, ping.succeeded_at, time.perf_counter()
    attempts = await asyncio.gather(*(try_poll(it, meter, limit, GROUP_SECONDS) for it in pollers))
    sent = meter.operations - before - (ping.succeeded_at != earlier)
    name = f"{len(pollers)} polls every {60 / a_minute:g} s"
    return attempts, PollCost(name, a_minute, sent, time.perf_counter() - began)


def shown_address(settings: DatabaseSettings) -> str:
    """The address without user and password."""
    if settings.url is None:
        return ""
    address = parse_database_url(settings.url.get_secret_value())
    host = f"{address.host or ''}:{address.port}" if address.port else address.host or ""
    return f"{address.get_backend_name()}://{host}/{address.database or ''}"


async def rights_findings(database: DatabaseSource, settings: DatabaseSettings) -> list[Finding]:
    """Findings on the rights of the role, from one transaction."""
    if settings.url is None or database.driver is None:
        return []
    link = DatabaseReader("check", database.driver, SECONDS)
    try:
        found = await link.read(read_rights)
    except SourceError as error:
        return [Finding("rights", FindingState.HIDDEN, str(error), advice(error, SETTING))]
    finally:
        await link.close()
    return [*server_findings(found), *table_findings(found)]


def read_rights(connection: Connection) -> DatabaseRights:
    """The rights of this role; a SQLite file has none, and can be read whole."""
    tables = read_schema(connection).tables
    if connection.dialect.name == "sqlite":
        return DatabaseRights("", "UTF8", "", True, False, dict.fromkeys(tables, True))
    role, encoding, version, monitors, statements = map(decode_text, connection.execute(SERVER).one())
    readable = {name: bool(connection.execute(READABLE, {"name": name}).scalar()) for name in tables}
    return DatabaseRights(role, encoding, version, monitors, statements, readable)


def decode_text(value: object) -> Any:
    """The value as text: without an encoding of the database the driver returns bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def server_findings(found: DatabaseRights) -> Iterator[Finding]:
    """Findings on what the server shows of other users."""
    if found.encoding == "SQL_ASCII":
        detail = "SQL_ASCII: the server does not know which characters its bytes mean"
        yield Finding("encoding", FindingState.SEEN, detail, "Create databases with ENCODING UTF8.")
    if not found.role:
        return
    if found.sees_all_sessions:
        yield Finding("sessions, locks, statistics", FindingState.SEEN, f"PostgreSQL {found.version}")
    else:
        detail = "the sessions of other users are hidden, and with them long transactions and locks"
        yield Finding("sessions of others", FindingState.HIDDEN, detail, f"GRANT pg_monitor TO {found.role};")
    if not found.has_statements:
        what = "CREATE EXTENSION pg_stat_statements; adds the statements that take most time."
        yield Finding("pg_stat_statements", FindingState.NOT_SET, "", what)


def table_findings(found: DatabaseRights) -> Iterator[Finding]:
    """Findings on the tables: readable, denied, or missing."""
    readable = [name for name in CONTRACT_TABLES if found.tables.get(name)]
    denied = [name for name in CONTRACT_TABLES if found.tables.get(name) is False]
    absent = [name for name in CONTRACT_TABLES if name not in found.tables]
    if readable:
        yield Finding("tables", FindingState.SEEN, join_names(readable))
    if denied:
        grant = f"GRANT SELECT ON {join_names(denied)} TO {found.role};"
        yield Finding("tables denied", FindingState.HIDDEN, join_names(denied), grant)
    if absent:
        # a schema that the role may not use looks like one without these tables
        hint = f"If they are there: GRANT USAGE ON SCHEMA public TO {found.role};" if found.role else ""
        yield Finding("tables missing", FindingState.ABSENT, join_names(absent), hint if not readable else "")


def poll_findings(attempts: Sequence[Attempt]) -> Iterator[Finding]:
    """One finding for all successful polls, and one for each other."""
    seen = [poll_name(it) for it in attempts if it.error is None and not it.skipped]
    if seen:
        yield Finding("polls", FindingState.SEEN, join_names(seen))
    for it in attempts:
        if it.skipped:
            yield Finding(poll_name(it), FindingState.SKIPPED, "the time of the check was over")
        elif it.error is not None:
            yield Finding(poll_name(it), FindingState.HIDDEN, str(it.error), advice(it.error, SETTING))


def poll_name(tried: Attempt) -> str:
    """The name of the poll without that of the source."""
    return tried.name.removeprefix("database ")
