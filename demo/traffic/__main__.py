"""The traffic source: `python -m demo.traffic`."""

import asyncio
import contextlib
import logging
import random
import signal
import time

import httpx2

from demo.logs import in_short, start_logging
from demo.secrets_kept import service_token
from demo.settings import Settings, read_settings
from demo.storage.words import PEOPLE
from demo.traffic.shape import busyness
from demo.traffic.town import Town
from demo.traffic.visits import VISITS, Visit

log = logging.getLogger("demo.traffic")
LOOK_AROUND_EVERY = 60.0
MOST_AT_ONCE = 30
# The mean number of requests that one visit makes.
REQUESTS_A_VISIT = 1.35
QUIETEST = 0.01


async def main(settings: Settings) -> None:
    """Visit until told to end."""
    headers = {"Authorization": f"Bearer {service_token(settings)}"}
    address = f"http://{settings.host}:{settings.port}"
    limits = httpx2.Limits(max_connections=MOST_AT_ONCE)
    async with httpx2.AsyncClient(
        base_url=address, headers=headers, timeout=10, limits=limits, trust_env=False
    ) as client:
        town = Town(client)
        async with asyncio.TaskGroup() as everyone:
            everyone.create_task(_learn(town))
            everyone.create_task(_come(settings, town))


async def _learn(town: Town) -> None:
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            await town.look_around()
            if not town.users:
                for name in PEOPLE:
                    await town.sign_in(name, name)
        await asyncio.sleep(LOOK_AROUND_EVERY if town.users else 1.0)


async def _come(settings: Settings, town: Town) -> None:
    start, visiting = time.monotonic(), set[asyncio.Task[None]]()
    kinds, weights = [visit for _, visit in VISITS], [weight for weight, _ in VISITS]
    while True:
        day = settings.day_start + (time.monotonic() - start) / settings.day_seconds
        rate = max(settings.traffic_peak * busyness(day) / REQUESTS_A_VISIT, QUIETEST)
        # A short nap at most, so that a sped-up day is followed closely.
        wait = town.chance.expovariate(rate)
        await asyncio.sleep(min(wait, settings.day_seconds / 100))
        if wait > settings.day_seconds / 100 or len(visiting) >= MOST_AT_ONCE or settings.traffic_peak == 0:
            continue
        visit = asyncio.create_task(_visit(random.choices(kinds, weights)[0], town))  # noqa: S311  made-up visitors
        visiting.add(visit)
        visit.add_done_callback(visiting.discard)


async def _visit(visit: Visit, town: Town) -> None:
    try:
        await visit(town)
    except httpx2.HTTPError as error:
        log.debug("a visitor gave up: %s", in_short(error))


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = read_settings()
    start_logging("traffic", settings.log_level)
    loop = asyncio.new_event_loop()
    visiting = loop.create_task(main(settings))
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, visiting.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(visiting)


if __name__ == "__main__":
    run()
