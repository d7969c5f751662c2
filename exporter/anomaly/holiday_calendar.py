"""Holidays: dates of one's own, and those of a country, from the package `holidays`."""

from collections.abc import Container, Iterable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

SHOWN = 60  # subdivisions that an error lists


class HolidayCalendar:
    """The days that are holidays; a country's are computed a year at a time, when first asked for."""

    def __init__(
        self, dates: Iterable[date] = (), country: str | None = None, subdivision: str | None = None
    ) -> None:
        """Raises ValueError, whose text follows the setting's name, for a country that nobody knows."""
        self._dates = frozenset(dates)
        self._country: Container[object] = country_holidays(country, subdivision) if country else ()

    def __contains__(self, day: object) -> bool:
        return day in self._dates or day in self._country

    def __bool__(self) -> bool:
        return bool(self._dates) or self._country != ()


NO_HOLIDAYS = HolidayCalendar()


def check_country(country: str) -> str:
    """The code of a country whose holidays are known. Raises ValueError."""
    # 12 MiB that an exporter without a country does not need
    from holidays.registry import EntityLoader  # noqa: PLC0415

    if country not in EntityLoader.get_country_codes():
        raise ValueError(
            f"is {country[:40]!r}; expected the code of a country (ISO 3166-1, in capitals), as DE or US"
        )
    return country


def country_holidays(country: str, subdivision: str | None) -> "HolidayBase":
    """The holidays of a country, and of one part of it. Raises ValueError where either is not known."""
    import holidays  # noqa: PLC0415 - as in check_country

    check_country(country)
    known = getattr(holidays, country).subdivisions
    if subdivision is not None and subdivision not in known:
        parts = ", ".join(known[:SHOWN]) or "none: this country has no parts with holidays of their own"
        raise ValueError(f"is {subdivision[:40]!r}; expected a part of {country}: {parts}")
    return holidays.country_holidays(country, subdiv=subdivision)
