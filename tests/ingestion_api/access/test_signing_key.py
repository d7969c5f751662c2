"""The key behind all signatures: made once, shared by all processes of a database, replaced on demand."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from ingestion_api.__main__ import main
from ingestion_api.access.signing import (
    MAX_AGE,
    REFRESH_INTERVAL,
    SigningKeyCache,
    read_or_create_key,
    rotate_key_row,
)
from ingestion_api.clock import utc_now
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import AuditRow, SigningKey
from tests.ingestion_api.conftest import MORNING
from tests.servers.postgres_server import PostgresServer


class Watch:
    """A stop watch that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The seconds it shows."""
        return self.now


def rows(store: Store) -> int:
    with store.read() as session:
        return len(session.scalars(select(SigningKey)).all())


def test_all_who_ask_at_once_get_the_same_random_key(store: Store, database_url: str) -> None:
    stores = [Store.at(database_url) for _ in range(4)]
    with ThreadPoolExecutor(max_workers=4) as threads:
        keys = list(threads.map(lambda it: read_or_create_key(it, utc_now), stores * 4))
    for other in stores:
        other.close()
    assert len({*keys, read_or_create_key(store, utc_now)}) == 1
    assert len(keys[0]) == 32
    assert rows(store) == 1


def test_two_databases_have_two_keys(tmp_path: Path) -> None:
    """Nothing of it comes from the settings."""
    keys = set()
    for name in ("one", "two"):
        assert main(["--rotate-key", "--config", str(configured(tmp_path / name))]) == 0
        one = Store.at(f"sqlite:///{tmp_path / name}/service/service.db")
        keys.add(read_or_create_key(one, utc_now))
        one.close()
    assert len(keys) == 2


def test_a_rotated_key_is_noticed_within_a_second(store: Store) -> None:
    watch = Watch()
    cache = SigningKeyCache(store, timer=watch)
    first = cache.current()
    rotate_key_row(store, MORNING)
    assert cache.current() == first
    watch.now += REFRESH_INTERVAL
    assert cache.current() == read_or_create_key(store, utc_now) != first
    with store.read() as session:
        [change] = session.scalars(select(AuditRow)).all()
    assert (change.action, change.actor, change.address) == ("rotate_key", "command", "local")


@pytest.mark.parametrize("damaged", [b"", b"short"])
def test_a_damaged_key_is_replaced(store: Store, damaged: bytes) -> None:
    """An empty one could be guessed."""
    read_or_create_key(store, utc_now)
    with store.write() as session:
        session.execute(update(SigningKey).values(key=damaged))
    key = read_or_create_key(store, utc_now)
    assert len(key) == 32
    assert key == read_or_create_key(store, utc_now)


def test_the_last_key_stays_for_a_minute_while_the_database_is_away(
    own_postgres_server: PostgresServer,
) -> None:
    """So the sign-in page does not wait for it with every visitor."""
    store = Store.at(own_postgres_server.fresh_database())
    SigningKey.metadata.create_all(store.engine)
    watch = Watch()
    cache = SigningKeyCache(store, timer=watch)
    key = cache.current()
    own_postgres_server.kill()
    for _ in range(3):
        watch.now += REFRESH_INTERVAL
        assert cache.current() == key
    watch.now += MAX_AGE
    with pytest.raises(OperationalError):
        cache.current()
    own_postgres_server.start()
    rotate_key_row(store, MORNING)
    assert cache.current() == read_or_create_key(store, utc_now) != key
    store.close()


def configured(folder: Path) -> Path:
    """A settings file whose state is in a folder that has a database."""
    store = Store.at(f"sqlite:///{folder}/service/service.db")
    migrate(store.engine)
    store.close()
    (folder / "service.yml").write_text(f"run_dir: {folder}\n")
    return folder / "service.yml"


def test_a_rotation_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rotate-key", "--config", str(configured(tmp_path))]) == 0
    where = f"sqlite:///{tmp_path}/service/service.db"
    said = f"The signing key in {where} is new; within a second all sessions end.\n"
    assert capsys.readouterr().out == said


def test_a_rotation_of_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Started in another folder, it would end no session and say that it did."""
    file, database = configured(tmp_path), tmp_path / "service" / "service.db"
    database.unlink()
    assert main(["--rotate-key", "--config", str(file)]) == 1
    assert capsys.readouterr().err.startswith("nothing was rotated: no service has used sqlite:///")
    assert list((tmp_path / "service").iterdir()) == []
    database.touch()
    assert main(["--rotate-key", "--config", str(file)]) == 1
    assert b"CREATE TABLE" not in database.read_bytes()


def test_a_rotation_of_a_newer_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configured(tmp_path)
    assert main(["--rotate-key", "--config", str(file)]) == 0
    store = Store.at(f"sqlite:///{tmp_path}/service/service.db")
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    assert main(["--rotate-key", "--config", str(file)]) == 1
    assert "service.db is of another version (Can't locate revision" in capsys.readouterr().err


def test_a_rotation_whose_database_is_away_is_told_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "service.yml"
    file.write_text("database_url: postgresql://keeper:pass-word@127.0.0.1:1/x\n")
    assert main(["--rotate-key", "--config", str(file)]) == 1
    said = capsys.readouterr().err
    assert "nothing was rotated: " in said
    assert "127.0.0.1:1/x does not answer (OperationalError)" in said
    assert "pass-word" not in said
