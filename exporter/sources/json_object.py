"""A JSON response, read defensively: a missing value or one of a wrong type is None, never a guess."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from exporter.errors import InvalidResponse
from exporter.metrics import is_finite

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


class JsonObject:
    """A JSON object of a source. Raises InvalidResponse for any other body."""

    def __init__(self, body: object, name: str) -> None:
        if not isinstance(body, dict):
            raise InvalidResponse(f"{name} responded with {json_type_name(body)}; expected a JSON object")
        self._body: dict[str, Any] = body
        self.name = name

    def at(self, *path: str) -> object:
        """The raw value at this path, None where the path breaks off."""
        value: object = self._body
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def number(self, *path: str) -> float | None:
        """The finite number at this path; true and false are no numbers."""
        value = self.at(*path)
        return float(value) if is_number(value) else None  # type: ignore[arg-type]

    def text(self, *path: str) -> str | None:
        """The string at this path."""
        value = self.at(*path)
        return value if isinstance(value, str) else None

    def boolean(self, *path: str) -> bool | None:
        """The boolean at this path."""
        value = self.at(*path)
        return value if isinstance(value, bool) else None

    def object(self, *path: str) -> "JsonObject":
        """The object at this path; an empty one where there is none."""
        value = self.at(*path)
        return JsonObject(value if isinstance(value, dict) else {}, self.name)

    def objects(self, *path: str) -> list["JsonObject"]:
        """The objects of the list at this path; other items are left out."""
        value = self.at(*path)
        items = value if isinstance(value, list) else []
        return [JsonObject(item, self.name) for item in items if isinstance(item, dict)]

    def keys(self) -> Iterator[str]:
        """The names of this object's fields."""
        return iter(self._body)

    def numbers(self, *path: str) -> dict[str, float]:
        """The fields of the object at this path that are numbers."""
        value = self.at(*path)
        fields = value.items() if isinstance(value, dict) else ()
        return {str(key): float(item) for key, item in fields if is_number(item)}

    def timestamp(self, *path: str) -> float | None:
        """The time at this path as Unix seconds; a time without a zone is UTC, as the backend writes it."""
        return unix_seconds(self.at(*path))

    def local_timestamp(self, zone: str | None, *path: str) -> float | None:
        """The time at this path as Unix seconds; a time without a zone is in `zone`, or None without that."""
        return unix_seconds(self.at(*path), zone)


def is_number(value: object) -> bool:
    """Whether the value is a finite number and not a boolean."""
    return not isinstance(value, bool) and is_finite(value)


def unix_seconds(value: object, zone: str | None = "UTC") -> float | None:
    """Unix seconds of a number or an ISO 8601 text, None of anything else.

    A text without a zone is a time in `zone`; without that, the result is None.
    """
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.timestamp()
        return None if zone is None else moment.replace(tzinfo=ZoneInfo(zone)).timestamp()
    except (ValueError, OverflowError):
        return None


def json_type_name(body: object) -> str:
    """The type of a JSON value, in words."""
    names = {dict: "an object", list: "a list", str: "a string", type(None): "null", bool: "true or false"}
    return names.get(type(body), "a number")
