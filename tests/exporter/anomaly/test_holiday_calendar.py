"""Holidays by date and by country."""

from datetime import date

import pytest

from exporter.anomaly.holiday_calendar import HolidayCalendar

CHRISTMAS, EPIPHANY, TUESDAY = date(2026, 12, 25), date(2026, 1, 6), date(2026, 12, 1)


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        (HolidayCalendar(), set()),
        (HolidayCalendar([TUESDAY]), {TUESDAY}),
        (HolidayCalendar(country="DE"), {CHRISTMAS}),
        (HolidayCalendar(country="DE", subdivision="BY"), {CHRISTMAS, EPIPHANY}),
        (HolidayCalendar([TUESDAY], "DE"), {CHRISTMAS, TUESDAY}),
    ],
    ids=["none", "a date", "a country", "a part of a country", "both"],
)
def test_holidays_are_dates_and_those_of_a_country(calendar: HolidayCalendar, expected: set[date]) -> None:
    assert {day for day in (CHRISTMAS, EPIPHANY, TUESDAY) if day in calendar} == expected


def test_a_country_has_holidays_in_every_year() -> None:
    calendar = HolidayCalendar(country="US")
    assert all(date(year, 7, 4) in calendar for year in range(2020, 2040))
