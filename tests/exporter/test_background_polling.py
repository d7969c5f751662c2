"""What is polled in the background: each source that has an interval of its own, until the exporter stops."""

import asyncio
from itertools import pairwise

from exporter.background_polling import BackgroundPolling
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller


def test_what_has_an_interval_is_polled_until_the_exporter_stops() -> None:
    polled = list[str]()

    def poller(name: str, policy: PollPolicy, configured: bool = True) -> Poller[None]:
        async def ask() -> None:
            polled.append(name)

        return Poller(name, ask if configured else None, policy)

    async def run() -> None:
        often = PollPolicy(interval=0.01)
        background = BackgroundPolling(
            [poller("a", often), poller("b", PollPolicy()), poller("c", often, False), poller("d", often)]
        )
        background.start()
        async with asyncio.timeout(5):
            while polled.count("a") < 3 or polled.count("d") < 3:  # noqa: ASYNC110  (nobody is told)
                await asyncio.sleep(0.001)
        await background.stop()
        polled.clear()
        await asyncio.sleep(0.05)

    asyncio.run(run())
    assert polled == []


def test_what_an_interval_of_nothing_asks_is_not_asked_without_a_pause() -> None:
    times = list[float]()

    async def ask() -> None:
        times.append(asyncio.get_running_loop().time())

    async def run() -> None:
        background = BackgroundPolling([Poller("a", ask, PollPolicy(interval=0.0))])
        background.start()
        async with asyncio.timeout(5):
            while len(times) < 3:  # noqa: ASYNC110  (nobody is told)
                await asyncio.sleep(0.001)
        await background.stop()

    asyncio.run(run())
    assert all(later - earlier >= 0.009 for earlier, later in pairwise(times))
