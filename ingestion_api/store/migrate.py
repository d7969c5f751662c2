"""Bring the tables to the newest revision, at the start or as soon as their database responds."""

import logging
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import InterfaceError, OperationalError

from connections.faults import describe_url_fault
from ingestion_api.errors import Unavailable
from ingestion_api.store.engine import UNREACHABLE, WRITE_OPTION

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 5_090_001  # an advisory lock that nothing else in the database uses
RETRY_INTERVAL = 1.0  # seconds between two attempts
DEFAULT_REASON = f"The service's database {UNREACHABLE}"
START_TIMEOUT = 10.0  # seconds that the start waits for the first attempt


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; several processes may call it at once."""
    with engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        if _revision(connection) != newest_revision():
            _upgrade(connection)


@cache
def newest_revision() -> str:
    """The revision that `migrate` leads to: each file's name begins with its own."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _upgrade(connection: Connection) -> None:
    # a start that finds nothing to do is quicker without it
    from alembic import command  # noqa: PLC0415

    command.upgrade(_config(connection), "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as in _upgrade

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


class BackgroundMigration:
    """Migrates at the start, and retries while the database server is unreachable.

    A file that cannot be opened is a wrong setting and fails the start, as does any other error.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_file = engine.dialect.name == "sqlite"
        self._done = threading.Event()
        self._stopped = threading.Event()
        self._attempted = threading.Event()
        self._error: Exception | None = None
        self._reason = DEFAULT_REASON
        self._thread = threading.Thread(target=self._run, name="migration", daemon=True)

    def start(self) -> None:
        """Migrate, or retry in a thread beside the requests. Raises what a migration raises."""
        if self._is_file:
            migrate(self._engine)
            self._done.set()
            return
        self._thread.start()
        self._attempted.wait(START_TIMEOUT)
        if self._error is not None:
            raise self._error

    def check(self) -> None:
        """Raise Unavailable until the tables are migrated."""
        if self._error is not None:
            raise Unavailable("The service's tables cannot be brought up to date; its log says why.")
        if not self._done.is_set():
            raise Unavailable(f"{self._reason}; try again shortly.")

    def wait(self) -> None:
        """Wait until the tables are migrated, however long that takes."""
        self._done.wait()

    def stop(self) -> None:
        """Stop retrying; it does not wait for a frozen database."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set() and not self._attempt():
            self._stopped.wait(RETRY_INTERVAL)

    def _attempt(self) -> bool:
        """Migrate once; tell whether no retry is needed."""
        try:
            migrate(self._engine)
        except (OperationalError, InterfaceError) as error:
            words = describe_url_fault(str(error))
            self._reason = f"The service's database {words}" if words else DEFAULT_REASON
            if not self._attempted.is_set():
                log.warning("%s; see database_url. It is retried every %g s.", self._reason, RETRY_INTERVAL)
            self._attempted.set()
            return False
        except Exception as error:  # the start raises it; later only the log shows it
            self._error = error
            log.exception("the tables cannot be brought up to date")
        else:
            self._done.set()
            log.info("the tables are up to date")
        self._attempted.set()
        return True
