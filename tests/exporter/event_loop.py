"""For how long the event loop is stopped while a task runs."""

import asyncio
import gc
import time
from typing import Any


async def turns_beside(task: asyncio.Task[Any]) -> list[float]:
    """Seconds of each turn of the loop until the task ends; of the processor, not what others here take.

    Without the collector, for which all that the tests before have left is a tenth of a second.
    """
    spent = []
    gc.disable()
    try:
        while not task.done():
            began = time.thread_time()
            await asyncio.sleep(0)
            spent.append(time.thread_time() - began)
    finally:
        gc.enable()
    return spent
