"""A few tiny processes under the real runner: `python -m tests.stack.small_stack LOGS SECONDS JSON`."""

import json
import multiprocessing
import sys
from pathlib import Path

from stack.errors import StackError
from stack.process_spec import ProcessSpec
from stack.runner import Runner


def main(logs: str, seconds: str, described: str) -> None:
    """Run the described processes until a signal."""
    multiprocessing.set_start_method("fork")
    entries = [
        ProcessSpec(
            name=it["name"],
            command=tuple(it["command"]),
            ready_url=it["ready"],
            url=it["ready"],
            description="",
            ports=(),
            wait_for=tuple(it.get("after", ())),
            optional="status_file" in it,
            awaited=it.get("awaited", True),
            status_file=Path(it["status_file"]) if "status_file" in it else None,
        )
        for it in json.loads(described)
    ]
    print_word("begun")
    try:
        Runner(entries, Path(logs), float(seconds)).run(lambda: print_word("all ready"))
    except StackError as error:
        sys.exit(str(error))


def print_word(word: str) -> None:
    """Print a word for the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
