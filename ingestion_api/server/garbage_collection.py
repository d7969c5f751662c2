"""Garbage collection of the server process: a full collection must not stop all requests.

Modules, routes and compiled queries are some half a million objects that live as long as the process. A full
collection visits each of them while no other thread runs: 130 to 330 ms every few seconds under load.
"""

import gc

# Allocations before a collection of the youngest generation, and collections before one of the next older. A
# request makes some ten thousand objects, and nearly all of them end with it, without the collector.
THRESHOLDS = (10_000, 20, 20)


def tune_garbage_collection() -> None:
    """Exempt all present objects from collections, and collect less often; call it before serving."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
