"""Bring the database to the newest revision of its tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from ingestion_api.store.engine import WRITE_OPTION

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 5_090_001  # any number that nothing else in the database locks


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; several processes may call it at once."""
    with engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        command.upgrade(_config(connection), "head")


def newest_revision() -> str | None:
    """The revision that `migrate` leads to."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
