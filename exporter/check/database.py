"""What can be seen of the database: the connection, the rights, the tables of the contract."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from exporter.check.advice import advice
from exporter.check.attempt import Attempt, Meter, TimeLimit, attempt, polls_a_minute
from exporter.check.backend import milliseconds
from exporter.check.finding import Finding, Poll, Section, State, joined, not_set
from exporter.database_url import database_address
from exporter.errors import SourceError
from exporter.question import Question
from exporter.settings import Database as DatabaseSettings
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
class Rights:
    """What the role may read; `tables` says of each table of the contract that is there whether it may."""

    role: str
    encoding: str
    version: str
    sees_all_sessions: bool
    has_statements: bool
    tables: dict[str, bool]


async def check_database(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """Connect, look at the rights, then make every poll once."""
    database, settings = sources.database, sources.settings.database
    if settings.url is None:
        return not_set("database", SETTING, "tables, sessions, locks, resources, users")
    ping = await attempt(database.ping, meter, limit, SECONDS)
    if ping.error is not None:
        failed = Finding("connection", State.HIDDEN, str(ping.error), advice(ping.error, SETTING))
        return Section("database", shown(settings), (failed,))
    # the first ping has opened the connection, which later ones keep
    ping = await attempt(database.ping, meter, limit, SECONDS)
    findings = [Finding("connection", State.SEEN, milliseconds(ping.seconds))]
    findings += await rights(database, settings)
    others = [it for it in database.questions() if it.configured and it is not database.ping]
    attempts: list[Attempt] = []
    polls = [ping.poll] if ping.poll else []
    for period, group in by_period(others).items():
        tried, poll = await together(group, period, database.ping, meter, limit)
        attempts += tried
        polls.append(poll)
    findings += polled(attempts)
    return Section("database", shown(settings), tuple(findings), tuple(polls), "transactions")


def by_period(questions: Sequence[Question[Any]]) -> dict[float, list[Question[Any]]]:
    """The polls by how often a minute they are made."""
    found: dict[float, list[Question[Any]]] = {}
    for question in questions:
        found.setdefault(polls_a_minute(question), []).append(question)
    return found


async def together(
    questions: Sequence[Question[Any]], a_minute: float, ping: Question[Any], meter: Meter, limit: TimeLimit
) -> tuple[list[Attempt], Poll]:
    """Make the polls of one period at once, as the exporter does: the connection reads one after another."""
    before, earlier, began = meter.operations, ping.answered_at, time.perf_counter()
    attempts = await asyncio.gather(*(attempt(it, meter, limit, GROUP_SECONDS) for it in questions))
    sent = meter.operations - before - (ping.answered_at != earlier)
    name = f"{len(questions)} polls every {60 / a_minute:g} s"
    return attempts, Poll(name, a_minute, sent, time.perf_counter() - began)


def shown(settings: DatabaseSettings) -> str:
    """The address without user and password."""
    if settings.url is None:
        return ""
    address = database_address(settings.url.get_secret_value())
    host = f"{address.host or ''}:{address.port}" if address.port else address.host or ""
    return f"{address.get_backend_name()}://{host}/{address.database or ''}"


async def rights(database: DatabaseSource, settings: DatabaseSettings) -> list[Finding]:
    """What the role may see of the server and of the tables, from one transaction."""
    if settings.url is None or database.way is None:
        return []
    link = DatabaseReader("check", database.way, SECONDS)
    try:
        found = await link.read(read_rights)
    except SourceError as error:
        return [Finding("rights", State.HIDDEN, str(error), advice(error, SETTING))]
    finally:
        await link.close()
    return [*of_server(found), *of_tables(found)]


def read_rights(connection: Connection) -> Rights:
    """The rights of this role; a SQLite file has none, whoever opens it reads all of it."""
    tables = read_schema(connection).tables
    if connection.dialect.name == "sqlite":
        return Rights("", "UTF8", "", True, False, dict.fromkeys(tables, True))
    role, encoding, version, monitors, statements = map(plain, connection.execute(SERVER).one())
    readable = {name: bool(connection.execute(READABLE, {"name": name}).scalar()) for name in tables}
    return Rights(role, encoding, version, monitors, statements, readable)


def plain(value: object) -> Any:
    """The value as text: of a database without an encoding the driver gives bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def of_server(found: Rights) -> Iterator[Finding]:
    """What the server shows of others."""
    if found.encoding == "SQL_ASCII":
        detail = "SQL_ASCII: the server does not know which characters its bytes mean"
        yield Finding("encoding", State.SEEN, detail, "Create databases with ENCODING UTF8.")
    if not found.role:
        return
    if found.sees_all_sessions:
        yield Finding("sessions, locks, statistics", State.SEEN, f"PostgreSQL {found.version}")
    else:
        detail = "the sessions of other users are hidden, and with them long transactions and locks"
        yield Finding("sessions of others", State.HIDDEN, detail, f"GRANT pg_monitor TO {found.role};")
    if not found.has_statements:
        what = "CREATE EXTENSION pg_stat_statements; adds the statements that take most time."
        yield Finding("pg_stat_statements", State.NOT_SET, "", what)


def of_tables(found: Rights) -> Iterator[Finding]:
    """The tables of the contract: readable, denied, or not there."""
    readable = [name for name in CONTRACT_TABLES if found.tables.get(name)]
    denied = [name for name in CONTRACT_TABLES if found.tables.get(name) is False]
    absent = [name for name in CONTRACT_TABLES if name not in found.tables]
    if readable:
        yield Finding("tables", State.SEEN, joined(readable))
    if denied:
        grant = f"GRANT SELECT ON {joined(denied)} TO {found.role};"
        yield Finding("tables denied", State.HIDDEN, joined(denied), grant)
    if absent:
        # a schema that the role may not use looks like one without these tables
        hint = f"If they are there: GRANT USAGE ON SCHEMA public TO {found.role};" if found.role else ""
        yield Finding("tables missing", State.ABSENT, joined(absent), hint if not readable else "")


def polled(attempts: Sequence[Attempt]) -> Iterator[Finding]:
    """How each poll went, those that succeeded in one line."""
    seen = [name_of(it) for it in attempts if it.error is None and not it.skipped]
    if seen:
        yield Finding("polls", State.SEEN, joined(seen))
    for it in attempts:
        if it.skipped:
            yield Finding(name_of(it), State.SKIPPED, "the time of the check was over")
        elif it.error is not None:
            yield Finding(name_of(it), State.HIDDEN, str(it.error), advice(it.error, SETTING))


def name_of(tried: Attempt) -> str:
    """What is polled."""
    return tried.name.removeprefix("database ")
