"""`python -m stack.wait SECONDS ADDRESS... -- COMMAND`: becomes the command when all addresses answer."""

import os
import sys
import time

from stack.probe import is_responding

PAUSE = 0.1


def main(words: list[str]) -> None:
    """Wait, then exec; ends with status 1 and one sentence when the time is over."""
    split = words.index("--")
    seconds, addresses, command = float(words[0]), words[1:split], words[split + 1 :]
    deadline = time.monotonic() + seconds
    for address in addresses:
        while not is_responding(address):
            if time.monotonic() >= deadline:
                sys.exit(f"{address} did not answer within {seconds:g} s, so {command[0]} was not started")
            time.sleep(PAUSE)
    os.execvp(command[0], command)  # noqa: S606  - the command of stack/processes.py, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
