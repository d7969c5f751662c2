"""The traffic source: `python -m demo.traffic`."""

import asyncio
import contextlib
import logging
import math
import random
import signal
import time

import httpx2

from demo.logs import short_error, start_logging
from demo.secret_files import service_token
from demo.settings import Settings, read_settings
from demo.storage.sample_data import PEOPLE
from demo.traffic.context import TrafficContext
from demo.traffic.visits import VISITS, Visit

NIGHT_SHARE = 0.12
log = logging.getLogger("demo.traffic")
DISCOVERY_INTERVAL = 60.0
MAX_CONCURRENT_VISITS = 30
# Requests of one visit, on average.
REQUESTS_PER_VISIT = 1.35
MIN_RATE = 0.01


def load_share(point: float) -> float:
    """Share of the peak rate at a point of the day (0 and 1 are midnight): two humps and a quiet night."""
    hour = 24 * (point % 1)
    morning, afternoon = _hump(hour, 10.5, 2.0), 0.85 * _hump(hour, 15.5, 2.5)
    return NIGHT_SHARE + (1 - NIGHT_SHARE) * min(max(morning, afternoon) + 0.1 * morning * afternoon, 1.0)


def _hump(hour: float, middle: float, width: float) -> float:
    return math.exp(-(((hour - middle) / width) ** 2) / 2)


async def main(settings: Settings) -> None:
    """Send requests until cancelled."""
    headers = {"Authorization": f"Bearer {service_token(settings)}"}
    address = f"http://{settings.host}:{settings.port}"
    limits = httpx2.Limits(max_connections=MAX_CONCURRENT_VISITS)
    async with httpx2.AsyncClient(
        base_url=address, headers=headers, timeout=10, limits=limits, trust_env=False
    ) as client:
        context = TrafficContext(client)
        async with asyncio.TaskGroup() as everyone:
            everyone.create_task(_learn(context))
            everyone.create_task(_come(settings, context))


async def _learn(context: TrafficContext) -> None:
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            await context.discover()
            if not context.users:
                for name in PEOPLE:
                    await context.sign_in(name, name)
        await asyncio.sleep(DISCOVERY_INTERVAL if context.users else 1.0)


async def _come(settings: Settings, context: TrafficContext) -> None:
    start, visiting = time.monotonic(), set[asyncio.Task[None]]()
    kinds, weights = [visit for _, visit in VISITS], [weight for weight, _ in VISITS]
    while True:
        day = settings.day_start + (time.monotonic() - start) / settings.day_seconds
        rate = max(settings.traffic_peak * load_share(day) / REQUESTS_PER_VISIT, MIN_RATE)
        # A short sleep, so that the rate follows an accelerated day.
        wait = context.rng.expovariate(rate)
        await asyncio.sleep(min(wait, settings.day_seconds / 100))
        if (
            wait > settings.day_seconds / 100
            or len(visiting) >= MAX_CONCURRENT_VISITS
            or settings.traffic_peak == 0
        ):
            continue
        visit = asyncio.create_task(_visit(random.choices(kinds, weights)[0], context))  # noqa: S311  made-up visitors
        visiting.add(visit)
        visit.add_done_callback(visiting.discard)


async def _visit(visit: Visit, context: TrafficContext) -> None:
    try:
        await visit(context)
    except httpx2.HTTPError as error:
        log.debug("a visit failed: %s", short_error(error))


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
