"""What goes on in a thread beside a block."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[], object], over: threading.Event) -> Iterator[None]:
    """Do this work for as long as the block lasts; it must end soon after `over` is set."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
