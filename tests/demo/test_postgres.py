"""The demo on a PostgreSQL of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.demo.running_demo import RunningDemo
from tests.demo.without_rights import variables
from tests.servers.fixtures import postgres_folder

Eventually = Callable[..., Any]


@pytest.fixture
def own_demo(free_port: Callable[[], int]) -> Iterator[RunningDemo]:
    """A demo that started its own PostgreSQL."""
    with postgres_folder() as folder:
        # The server runs as another user, who must be able to walk to its files.
        folder.chmod(0o755)
        own = {"DEMO_DATABASE": "postgres", "DEMO_POSTGRES_PORT": str(free_port())}
        demo = RunningDemo(folder, **own, LC_ALL="C")  # as in a bare container
        demo.start()
        yield demo
        demo.stop()


def ask(demo: RunningDemo, query: str) -> Any:
    """The first value of a query."""
    address = f"postgresql://demo@127.0.0.1:{demo.variables['DEMO_POSTGRES_PORT']}/demo"
    with psycopg.connect(address, connect_timeout=2) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_a_stopped_postgres_is_really_gone_and_comes_back(
    own_demo: RunningDemo, eventually: Eventually
) -> None:
    assert own_demo.report("db/pool")["pool"]["statement_timeout_ms"] == 30000
    assert ask(own_demo, "SHOW server_encoding") == "UTF8"
    assert ask(own_demo, "SELECT count(*) FROM pg_stat_statements") > 0
    key = ask(own_demo, "SELECT id FROM resources WHERE description != '' LIMIT 1")
    with own_demo.fault("database-stopped"):
        with pytest.raises(psycopg.OperationalError):
            ask(own_demo, "SELECT 1")
        assert own_demo.report("database")["database"]["healthy"] is False
        assert own_demo.api.get(f"/resources/{key}/status").status_code == 503
    eventually(lambda: own_demo.report("database")["database"]["healthy"])
    assert own_demo.api.delete(f"/resources/{key}").status_code == 204
    assert ask(own_demo, "SELECT count(*) FROM resources") == 239


def test_a_role_without_rights_sees_next_to_nothing(own_demo: RunningDemo) -> None:
    given = {"tables": False}, {"tables": True}
    for parameters in given:
        answer = own_demo.control.post("/faults/database-role-without-rights", json=parameters).json()
        file = Path(answer["parameters"]["file"])
        address = variables(str(file))["DATABASE_URL"].replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            shown = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE state IS NOT NULL")
            assert (shown.fetchone() or [0])[0] == 1, "its own session"
            if parameters["tables"]:
                connection.execute("SELECT count(*) FROM resources")
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT count(*) FROM resources")
    assert own_demo.control.delete("/faults").is_success
    assert ask(own_demo, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'reader%'") == 0
    assert not file.exists()
