"""The interpreter of the server process: neither a collection nor a thread holds up all requests."""

import gc
import sys

# Allocations before a collection of the youngest generation, and collections before one of the next older. A
# request makes some ten thousand objects, and nearly all of them end with it, without the collector.
THRESHOLDS = (10_000, 20, 20)
# Seconds for which a thread that computes may keep the event loop waiting; by default 5 ms, each time anew.
SWITCH_INTERVAL = 0.001


def tune_interpreter() -> None:
    """Prepare for many short requests; call it once before serving.

    Modules, routes and compiled queries are some half a million objects that live as long as the process. A
    full collection visits each of them while no thread runs, for 130 to 330 ms every few seconds under load.
    So what is there at the start is exempt.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
