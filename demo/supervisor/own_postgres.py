"""Creates the demo's own PostgreSQL cluster."""

import asyncio
import shutil

import psycopg

from demo.settings import Settings
from demo.supervisor.parts import POSTGRES, CannotStart, postgres_user


async def create_cluster(settings: Settings) -> None:
    """Run initdb once; raises CannotStart if PostgreSQL is missing or may not reach the folder."""
    folder = settings.home / "postgres"
    if (folder / "PG_VERSION").exists():
        return
    if not (POSTGRES / "initdb").exists():
        raise CannotStart(f"PostgreSQL is not in {POSTGRES}; install the package postgresql or use SQLite.")
    folder.mkdir(parents=True, exist_ok=True)
    user = postgres_user()
    if user:
        shutil.chown(folder, "postgres", "postgres")
    initdb = await asyncio.create_subprocess_exec(
        str(POSTGRES / "initdb"), "-D", str(folder), "-U", "demo", "-A", "trust", "--no-sync",
        # whatever the environment says: without a locale initdb chooses SQL_ASCII
        "--encoding", "UTF8", "--locale", "C",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd="/", **user,
    )  # fmt: skip
    _, complaint = await initdb.communicate()
    if initdb.returncode != 0:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotStart(f"initdb in {folder} failed: {' '.join(last)[:200]}")


async def create_database(settings: Settings) -> None:
    """Create the database demo, with pg_stat_statements, once the server answers."""
    async with await psycopg.AsyncConnection.connect(_server(settings), autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = 'demo'")
        if await found.fetchone() is None:
            await connection.execute("CREATE DATABASE demo")
    address = _server(settings, "demo")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def answers(settings: Settings) -> bool:
    """Whether the server takes connections."""
    try:
        async with await psycopg.AsyncConnection.connect(_server(settings), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _server(settings: Settings, database: str = "postgres") -> str:
    return f"postgresql://demo@127.0.0.1:{settings.postgres_port}/{database}"
