"""What can be seen of a given backend, what not, and what watching it costs: told before anything starts."""

import os
import subprocess
from collections.abc import Callable, Mapping

from stack.watched import Watched

SECONDS = 40.0
Say = Callable[[str], None]


def tell_what_is_seen(
    watched: Watched, command: tuple[str, ...], environment: Mapping[str, str], say: Say
) -> None:
    """Say the table of `python -m exporter --check` for a given backend; the demo is known."""
    if watched.demo is not None:
        return
    try:
        told = subprocess.run(  # noqa: S603  (our own command)
            [*command, "--check"],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(f"exporter --check gave no table within {SECONDS:g} s; the watch starts without it")
        return
    say((told.stdout or told.stderr).rstrip())
