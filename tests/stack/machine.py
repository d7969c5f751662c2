"""A machine to set up: a copy of the checkout, and stand-ins that record how they were called."""

import shutil
import subprocess
import sys
from pathlib import Path

from stack.settings import ROOT

# as a virtual environment is made by uv: one that has a Python
UV = """\
[ "$1" != --version ] || exit 0
echo "uv $*" >>"$CALLS"
[ "$1" != venv ] || { mkdir -p .venv/bin && ln -sf "$(command -v python3)" .venv/bin/python; }
"""
APT = 'echo "apt-get $*; policy: $(tail -n 1 "$POLICY_RC_D" 2>/dev/null)" >>"$CALLS"\n'


class SetupMachine:
    """A copy of the checkout, and a PATH on which every program can be taken away or replaced."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "bin"
        self.calls = folder / "calls"
        self.policy = folder / "policy-rc.d"
        self._copy()
        self.programs.mkdir()
        found = {it.name: it for folder in ("/usr/sbin", "/usr/bin") for it in Path(folder).iterdir()}
        for name, program in found.items():
            (self.programs / name).symlink_to(program)
        self.without("sudo", "uv", "python3", *(f"python3.{minor}" for minor in range(11, 16)))
        (self.programs / "python3").symlink_to(Path(sys.executable).resolve())
        self.put("uv", UV)
        self.put("apt-get", APT)
        self.put("update-rc.d", "")
        self.put("systemctl", "")

    def _copy(self) -> None:
        for folder in (it for it in ROOT.iterdir() if it.is_dir() and not it.name.startswith(".")):
            (self.checkout / folder.name).mkdir(parents=True)
        for name in ("requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.checkout / name)
        for script in (ROOT / "stack").glob("*.sh"):
            shutil.copy(script, self.checkout / "stack" / script.name)

    def without(self, *names: str) -> None:
        """Take programs away."""
        for name in names:
            (self.programs / name).unlink(missing_ok=True)

    def put(self, name: str, script: str) -> None:
        """Let a shell script be the program of this name."""
        self.without(name)
        (self.programs / name).write_text(f"#!/bin/bash\n{script}")
        (self.programs / name).chmod(0o755)

    def user(self) -> None:
        """Be somebody who is not root."""
        self.put("id", 'case "$1" in -un) echo keeper;; *) echo 1000;; esac\n')

    def root(self) -> None:
        """Be root, as far as the scripts can see."""
        self.put("id", 'case "$1" in -un) echo root;; *) echo 0;; esac\n')

    def set_up(self, purpose: str = "run") -> subprocess.CompletedProcess[str]:
        """Run the set-up without a terminal."""
        environment = {
            "PATH": str(self.programs),
            "HOME": str(self.checkout),
            "CALLS": str(self.calls),
            "POLICY_RC_D": str(self.policy),
            "DPKG": str(self.checkout),
        }
        return subprocess.run(
            [self.checkout / "stack" / "setup.sh", purpose],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def called(self) -> list[str]:
        """How the stand-ins were called since the last call of this."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return lines
