"""A few tiny processes under the real runner: `python -m tests.stack.small_stack LOGS SECONDS JSON`."""

import json
import multiprocessing
import sys
from pathlib import Path

from stack.errors import StackError
from stack.process_spec import ProcessSpec
from stack.runner import Runner


def main(logs: str, seconds: str, described: str) -> None:
    """Run the described services until told to stop."""
    multiprocessing.set_start_method("fork")
    entries = [
        ProcessSpec(
            name=it["name"],
            command=tuple(it["command"]),
            ready=it["ready"],
            url=it["ready"],
            see="",
            ports=(),
            after=tuple(it.get("after", ())),
            optional="status_file" in it,
            awaited=it.get("awaited", True),
            status_file=Path(it["status_file"]) if "status_file" in it else None,
        )
        for it in json.loads(described)
    ]
    say("begun")
    try:
        Runner(entries, Path(logs), float(seconds)).run(lambda: say("all ready"))
    except StackError as error:
        sys.exit(str(error))


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
