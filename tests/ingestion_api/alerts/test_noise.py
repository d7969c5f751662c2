"""The noise report: weeks, minutes, flapping, and what nobody acted on first."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

from ingestion_api.alerts.noise import AlertNoise, csv_rows, noise_report
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from ingestion_api.web.downloads import csv_lines

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOW = MONDAY + timedelta(days=1)


def put(store: Store, name: str, start: float, end: float | None, *, acknowledged: bool = False) -> None:
    """Write an incident; minutes after Monday morning."""
    begun = MONDAY + timedelta(minutes=start)
    with store.write() as session:
        session.add(
            Alert(
                fingerprint=name.encode().hex(), name=name, severity="warning", starts_at=begun,
                ends_at=None if end is None else MONDAY + timedelta(minutes=end),
                status="firing" if end is None else "resolved", labels={}, annotations={}, generator_url="",
                receiver="", first_received_at=begun, last_received_at=begun,
                acknowledged_at=begun if acknowledged else None,
            )
        )  # fmt: skip


def test_what_nobody_acted_on_comes_first_and_minutes_belong_to_their_week(store: Store) -> None:
    put(store, "Handled", 0, 10, acknowledged=True)
    put(store, "Handled", 15, 16)
    put(store, "Handled", 60, 61)
    put(store, "=Ignored", -30, 5)
    put(store, "=Ignored", 100, None)
    with store.read() as session:
        rows = noise_report(session, NOW, weeks=2)
    assert [(it.week.day, it.alert, it.times, it.acknowledged, it.flapping) for it in rows] == [
        (23, "=Ignored", 1, 0, 0),
        (23, "Handled", 3, 1, 1),
        (16, "=Ignored", 1, 0, 0),
    ]
    assert [round(it.minutes) for it in rows] == [1440 - 100 + 5, 12, 30]
    assert [it.shortest for it in rows] == [None, 60, 35 * 60]
    lines = "".join(csv_lines(csv_rows(rows))).splitlines()
    assert lines[1] == "2026-11-23,'=Ignored,warning,1,1345.0,0,,0"


def test_sums_of_the_database_are_those_of_each_incident(store: Store) -> None:
    """Incidents of all lengths, some over several weeks, against sums by hand."""
    chance = random.Random(5)
    given = [made_up(number, chance) for number in range(120)]
    for name, start, end, acknowledged in given:
        put(store, name, start, end, acknowledged=acknowledged)
    with store.read() as session:
        rows = noise_report(session, NOW, weeks=3)
    assert {(it.week, it.alert): sums(it) for it in rows} == by_hand(given, weeks=3)


Given = tuple[str, float, float | None, bool]
WEEK = 7 * 24 * 60.0


def made_up(number: int, chance: random.Random) -> Given:
    """One incident; its fingerprint is its name, so some flap and some end after the next has begun."""
    start = chance.uniform(-4 * WEEK, 24 * 60)
    length = chance.choice((chance.uniform(0, 3), chance.uniform(0, 700), chance.uniform(0, 2.5 * WEEK)))
    open_ended = number % 17 == 0 or start + length > 24 * 60
    end = None if open_ended else milliseconds(start + length)
    return f"Alert{number % 4}", milliseconds(start), end, chance.random() < 0.1


def milliseconds(minutes: float) -> float:
    """The same moment in whole milliseconds."""
    return round(minutes * 60_000) / 60_000


def sums(it: AlertNoise) -> tuple[object, ...]:
    """What one row says."""
    shortest = None if it.shortest is None else round(it.shortest, 4)
    return it.times, round(it.minutes, 4), it.acknowledged, shortest, it.flapping


def by_hand(given: Sequence[Given], weeks: int) -> dict[tuple[datetime, str], tuple[object, ...]]:
    """The same, one incident after the other."""
    found: dict[tuple[datetime, str], tuple[object, ...]] = {}
    for number, name in product(range(weeks), sorted({it[0] for it in given})):
        monday = -number * WEEK
        # those that ended before the report are not looked at
        its = sorted(
            it[1:] for it in given if it[0] == name and (it[2] is None or it[2] >= (1 - weeks) * WEEK)
        )
        began = [it for it in its if monday <= it[0] < monday + WEEK]
        minutes = sum(
            max(0.0, min(24 * 60 if end is None else end, monday + WEEK) - max(start, monday))
            for start, end, _ in its
        )
        if not began and not minutes:
            continue
        durations = [60 * (end - start) for start, end, _ in began if end is not None]
        pairs = [(before, it) for before, it in pairwise(its) if it in began and before[1] is not None]
        found[MONDAY + timedelta(minutes=monday), name] = (
            len(began),
            round(minutes, 4),
            sum(taken for *_, taken in began),
            round(min(durations), 4) if durations else None,
            sum(it[0] - (before[1] or 0) < 10 for before, it in pairs),
        )
    return found
