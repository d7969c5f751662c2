"""Holidays: dates of one's own, and those of a country, from the package `holidays`."""

from collections.abc import Container, Iterable
from datetime import date

SHOWN = 60  # subdivisions that an error lists


class HolidayCalendar:
    """The days that are holidays; a country's are computed a year at a time, when first asked for."""

    def __init__(
        self, dates: Iterable[date] = (), country: str | None = None, subdivision: str | None = None
    ) -> None:
        self._dates = frozenset(dates)
        self._country = country_holidays(country, subdivision) if country else frozenset()

    def __contains__(self, day: object) -> bool:
        return day in self._dates or day in self._country


def country_holidays(country: str, subdivision: str | None) -> Container[object]:
    """The holidays of a country that passed the checks below, those that were moved to a Monday as well."""
    # 12 MiB that an exporter without a country does not need
    import holidays  # noqa: PLC0415

    return holidays.country_holidays(country, subdiv=subdivision)


def check_country(country: str) -> str:
    """The code of a country whose holidays are known. Raises ValueError; its text follows the setting."""
    from holidays.registry import EntityLoader  # noqa: PLC0415 - as in country_holidays

    if country not in EntityLoader.get_country_codes():
        raise ValueError(
            f"is {country[:40]!r}; expected the code of a country (ISO 3166-1, in capitals), as DE or US"
        )
    return country


def check_subdivision(country: str | None, subdivision: str) -> None:
    """Raises ValueError, whose text follows the setting's name, for anything but a part of this country."""
    shown = repr(subdivision[:40])
    if country is None:
        raise ValueError(f"is {shown}, but anomalies.holiday_country is not set; expected both")
    import holidays  # noqa: PLC0415 - as in country_holidays

    known = getattr(holidays, country).subdivisions
    if subdivision not in known:
        parts = ", ".join(known[:SHOWN]) or "none, since it has no parts with holidays of their own"
        raise ValueError(f"is {shown}; expected a part of {country}: {parts}")
