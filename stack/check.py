"""What can be seen of a given backend, what not, and what watching it costs: told before anything starts."""

import os
import subprocess
from collections.abc import Callable, Mapping

from stack.target_system import TargetSystem

CHECK_SECONDS = 40.0
PrintLine = Callable[[str], None]


def print_check(
    watched: TargetSystem, command: tuple[str, ...], environment: Mapping[str, str], say: PrintLine
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
            timeout=CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(f"exporter --check gave no table within {CHECK_SECONDS:g} s; the watch starts without it")
        return
    say((told.stdout or told.stderr).rstrip())
