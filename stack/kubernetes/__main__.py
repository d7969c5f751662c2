"""The command behind `make kubernetes`: `python -m stack.kubernetes [--check]`."""

import argparse
import sys

from stack.errors import StackError
from stack.kubernetes.render import render_files
from stack.settings import ROOT


def main() -> int:
    """Write the files, or with --check only report stale ones; 1 if any is stale, 2 on an error."""
    parser = argparse.ArgumentParser(
        prog="python -m stack.kubernetes", description="Write the kustomize base."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with status 1 if a file is stale"
    )
    check = parser.parse_args().check
    try:
        files = stale_files()
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for name, text in files.items():
        if check:
            sys.stderr.write(f"{name} is stale; run `make kubernetes`\n")
        else:
            (ROOT / name).parent.mkdir(exist_ok=True)
            (ROOT / name).write_text(text)
            sys.stdout.write(f"{name} written\n")
    return int(check and bool(files))


def stale_files() -> dict[str, str]:
    """The files that differ from their sources, with the wanted content. Raises StackError."""
    wanted = render_files()
    return {
        name: text
        for name, text in wanted.items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text() != text
    }


if __name__ == "__main__":
    sys.exit(main())
