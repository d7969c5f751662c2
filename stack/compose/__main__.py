"""The command behind `make compose`: `python -m stack.compose [--check]`."""

import argparse
import sys

from stack.compose.packages import requirement_files
from stack.compose.render import FOLDER, render_files


def main() -> int:
    """Write the files, or with --check only report stale ones; 1 if any is stale."""
    parser = argparse.ArgumentParser(
        prog="python -m stack.compose", description="Write the files that docker-compose.yml mounts."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with status 1 if a file is stale"
    )
    check = parser.parse_args().check
    names = stale_files()
    for name, text in names.items():
        if check:
            sys.stderr.write(f"stack/compose/{name} is stale; run `make compose`\n")
        else:
            (FOLDER / name).write_text(text)
            sys.stdout.write(f"stack/compose/{name} written\n")
    return int(check and bool(names))


def stale_files() -> dict[str, str]:
    """The files that differ from their sources, with the wanted content."""
    wanted = {**render_files(), **requirement_files()}
    return {name: text for name, text in wanted.items() if read_current(name) != text}


def read_current(name: str) -> str | None:
    """The current content of a file; None without one."""
    path = FOLDER / name
    return path.read_text() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
