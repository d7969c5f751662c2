"""A PostgreSQL role and a Redis user without rights, made for the exporter to be pointed at."""

import asyncio
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from demo.logs import short_error
from demo.supervisor.supervisor import FaultRefused, Parameters, Supervisor

NAME = "reader_without_rights"
ROLE_FILE = "database-role-without-rights.env"
USER_FILE = "redis-user-without-rights.env"
# What a Redis user may do that lacks this or that; each may say PING, as anyone who may connect.
ACLS = {
    "everything": ("-@all", "+ping"),
    "keys": ("+@all", "resetkeys"),
    "llen": ("+@all", "allkeys", "-llen"),
    "info": ("+@all", "allkeys", "-info"),
}


async def make_role(supervisor: Supervisor, parameters: Parameters) -> None:
    """Create the role and write its address, as lines of an environment, where the parameters say."""
    address = supervisor.settings.database_address
    if address.startswith("sqlite"):
        raise FaultRefused("SQLite has no roles; start the demo with DEMO_DATABASE=postgres.")
    password = secrets.token_urlsafe(16)
    try:
        await asyncio.to_thread(_create_role, _plain(address), password, parameters["tables"])
    except psycopg.Error as error:
        raise FaultRefused(f"PostgreSQL does not make the role: {short_error(error)}") from error
    path = supervisor.settings.home / ROLE_FILE
    parameters["file"] = str(path)
    _write(path, {"DATABASE_URL": with_credentials(address, password)})


async def drop_role(supervisor: Supervisor, _: Parameters) -> None:
    """End the sessions of the role, drop it, remove the file."""
    try:
        await asyncio.to_thread(_drop_role, _plain(supervisor.settings.database_address))
    except psycopg.Error as error:
        raise FaultRefused(f"PostgreSQL does not drop the role: {short_error(error)}") from error
    (supervisor.settings.home / ROLE_FILE).unlink(missing_ok=True)


async def make_user(supervisor: Supervisor, parameters: Parameters) -> None:
    """Create the user on every Redis of the demo and write its addresses where the parameters say."""
    password = secrets.token_urlsafe(16)
    rules = ("reset", "on", f">{password}", "allchannels", *ACLS[parameters["lacks"]])
    await _on_each_redis(supervisor, "SETUSER", NAME, *rules)
    path = supervisor.settings.home / USER_FILE
    parameters["file"] = str(path)
    _write(path, {name: with_credentials(url, password) for name, url in _urls(supervisor).items()})


async def delete_user(supervisor: Supervisor, _: Parameters) -> None:
    """Delete the user, which ends its connections, and remove the file."""
    await _on_each_redis(supervisor, "DELUSER", NAME)
    (supervisor.settings.home / USER_FILE).unlink(missing_ok=True)


def with_credentials(url: str, password: str) -> str:
    """The same address for the user without rights."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{NAME}:{password}@{parts.netloc.rpartition('@')[2]}"))


def _create_role(address: str, password: str, tables: bool) -> None:
    with psycopg.connect(address, connect_timeout=2, autocommit=True) as connection:
        _drop(connection)
        role = sql.Identifier(NAME)
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}").format(role, sql.Literal(password))
        )
        if tables:
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role))


def _drop_role(address: str) -> None:
    with psycopg.connect(address, connect_timeout=2, autocommit=True) as connection:
        _drop(connection)


def _drop(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (NAME,)).fetchone() is None:
        return
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (NAME,))
    for command in ("DROP OWNED BY {}", "DROP ROLE {}"):
        connection.execute(sql.SQL(command).format(sql.Identifier(NAME)))


def _plain(address: str) -> str:
    return address.replace("postgresql+psycopg://", "postgresql://")


def _urls(supervisor: Supervisor) -> dict[str, str]:
    settings = supervisor.settings
    return {
        "REDIS_URL": settings.cache_url,
        "CELERY_BROKER_URL": settings.broker_url,
        "CELERY_RESULT_BACKEND": settings.results_url,
        "INGESTION_REDIS_URL": settings.ingestion_url,
    }


async def _on_each_redis(supervisor: Supervisor, *words: str) -> None:
    servers = {urlsplit(url).netloc: url for url in _urls(supervisor).values()}
    try:
        for url in servers.values():
            await asyncio.to_thread(_acl, url, words)
    except redis.RedisError as error:
        raise FaultRefused(f"Redis does not change the user: {short_error(error)}") from error


def _acl(url: str, words: tuple[str, ...]) -> None:
    with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        client.execute_command("ACL", *words)


def _write(path: Path, variables: dict[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in variables.items())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
