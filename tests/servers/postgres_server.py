"""A real PostgreSQL with pg_stat_statements."""

import atexit
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.servers.ports import free_port
from tests.servers.processes import Server

SUPERUSER = "watchroom"
FAST_AND_SMALL = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "shared_preload_libraries=pg_stat_statements",
)


# a server of another zone than the tests: who compares moments without a zone with others is found out
FOREIGN_ZONE = "timezone=Asia/Kathmandu"


class PostgresServer(Server):
    """postgres on a free port, with its data in `folder`, run as user postgres when we are root."""

    def __init__(self, folder: Path, encoding: str = "UTF8") -> None:
        self.port = free_port()
        self.url = self._url("postgres")
        self._databases = 0
        self._data = folder / "data"
        super().__init__(
            [
                *as_postgres(), str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self.port),
                *(word for setting in (FOREIGN_ZONE, *FAST_AND_SMALL) for word in ("-c", setting)),
            ],
            folder / "postgres.log",
            ready=self._accepts,
            stop_signal=signal.SIGINT,
        )  # fmt: skip
        self._initialise(folder, encoding)

    def fresh_database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        self._databases += 1
        name = f"fresh_{self._databases}"
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def _initialise(self, folder: Path, encoding: str) -> None:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        # with its owner and modes, which PostgreSQL checks
        subprocess.run(["cp", "-a", str(empty_cluster(encoding)), str(self._data)], check=True)

    def _accepts(self) -> bool:
        try:
            with psycopg.connect(plain(self.url), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


@functools.cache
def empty_cluster(encoding: str) -> Path:
    """What initdb makes, to be copied, which takes a tenth of its time; it goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix="watchroom-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    initdb = str(binaries() / "initdb")
    subprocess.run(
        [
            *as_postgres(), initdb, "-D", str(folder / "data"), "--no-sync", "-A", "trust", "-U", SUPERUSER,
            # whatever the environment says: without a locale initdb chooses SQL_ASCII
            "--encoding", encoding, "--locale", "C",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
    )  # fmt: skip
    return folder / "data"


def plain(url: str) -> str:
    """The same address for psycopg itself, which knows no SQLAlchemy driver names."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def as_postgres() -> list[str]:
    """The words before a command of PostgreSQL, which refuses to run as root."""
    if os.geteuid() != 0:
        return []
    # the signal at the parent's death is lost when the user changes, so it is asked for again
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "KILL"]


def binaries() -> Path:
    """The folder of the newest installed PostgreSQL server; RuntimeError when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise RuntimeError("PostgreSQL's server is not installed; `make test` installs it")
    return Path(on_path).parent
