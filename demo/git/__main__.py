"""The host of git: `python -m demo.git`."""

import sys

from demo.git.checkout import repository
from demo.git.host import GitHost
from demo.settings import read_settings


def main() -> None:
    """Serve until ended; a sentence and status 1 where there is nothing to serve."""
    settings, found = read_settings(), repository()
    if found is None:
        sys.exit("This checkout is no git repository, so there is none to serve.")
    with GitHost(("127.0.0.1", settings.git_port), found) as host:
        host.serve_forever()


if __name__ == "__main__":
    main()
