"""PostgreSQL's settings that are numbers or switches, in base units under the names of postgres_exporter."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

SETTINGS = text(
    """
    SELECT name, setting, coalesce(unit, ''), vartype = 'bool', coalesce(short_desc, '')
    FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real') ORDER BY name
    """
)
SECONDS = {"us": 1e-6, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
BYTES = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
NO_LIMIT = -1.0  # stands for a word, so it has no unit


@dataclass(frozen=True)
class ServerSetting:
    """One setting: its name with its unit, its value in that unit, and the server's description."""

    name: str
    value: float
    about: str


def read_settings(connection: Connection) -> tuple[ServerSetting, ...]:
    """All settings that are numbers or switches, also those of extensions."""
    return tuple(server_setting(*row) for row in connection.execute(SETTINGS) if is_known_unit(row[2]))


def server_setting(name: str, value: str, unit: str, is_switch: bool, about: str) -> ServerSetting:
    """One row in base units."""
    name = name.replace(".", "_")
    if is_switch:
        return ServerSetting(name, float(value == "on"), about)
    number = float(value)
    base = base_unit(unit)
    scaled = number if number == NO_LIMIT else number * factor(unit)
    return ServerSetting(f"{name}_{base}" if base else name, scaled, about)


def base_unit(unit: str) -> str:
    """Seconds, bytes, or nothing."""
    return "" if not unit else "seconds" if unit in SECONDS else "bytes"


def factor(unit: str) -> float:
    """Base units in one of this unit, such as 8kB. Raises KeyError for one that no server has today."""
    if not unit or unit in SECONDS:
        return SECONDS.get(unit, 1.0)
    word = unit.lstrip("0123456789")
    return float(int(unit[: -len(word)] or 1) * BYTES[word])


def is_known_unit(unit: str) -> bool:
    """Whether the unit is one of time or bytes; a later server's new one costs only its settings."""
    return not unit or unit in SECONDS or unit.lstrip("0123456789") in BYTES
