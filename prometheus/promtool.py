"""What promtool refuses of rule files, where it is installed: Prometheus would refuse to start with it."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def refusal(files: Mapping[str, str]) -> str:
    """The first mistake that promtool finds in these rule files, in one line; empty where there is none."""
    program = shutil.which("promtool")
    if program is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in files]
        for path in paths:
            path.write_text(files[path.name])
        checked = subprocess.run(  # noqa: S603  (paths of our own)
            [program, "check", "rules", *map(str, paths)], capture_output=True, text=True, check=False
        )
    if checked.returncode == 0:
        return ""
    lines = [line.strip().removeprefix(f"{folder}/") for line in checked.stderr.splitlines()]
    return next((line for line in lines if line and line != "FAILED:"), "promtool refuses the rules")
