"""The repository that is served: the one this code was checked out of, if it was."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "/watchroom.git"


def repository(root: Path = ROOT) -> Path | None:
    """The folder in which git keeps the repository of this checkout; None where there is none, or no git."""
    program = shutil.which("git")
    # a tarball that was unpacked inside another repository is none itself
    if program is None or not (root / ".git").exists():
        return None
    # in a checkout that belongs to somebody else, git would refuse without this word
    words = ("-c", f"safe.directory={root}", "rev-parse", "--path-format=absolute", "--git-common-dir")
    found = subprocess.run([program, *words], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    return Path(found.stdout.strip()) if found.returncode == 0 else None
