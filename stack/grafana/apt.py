"""apt with its own configuration, state and keyring: no file of the system is written."""

import os
import shutil
import subprocess
from pathlib import Path

CONFIGURATION = """\
Dir "{folder}/";
Dir::State "{folder}/state/";
Dir::State::lists "{folder}/state/lists/";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache/";
Dir::Log "{folder}/log/";
Dir::Etc "{folder}/etc/";
Dir::Etc::main "{folder}/etc/apt.conf";
Dir::Etc::parts "{folder}/etc/apt.conf.d/";
Dir::Etc::sourcelist "{folder}/etc/sources.list";
Dir::Etc::sourceparts "{folder}/etc/sources.list.d/";
Dir::Etc::trusted "{folder}/etc/trusted.gpg";
Dir::Etc::trustedparts "{folder}/etc/trusted.gpg.d/";
// as root, apt would change to a user that may have no access to this folder
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
"""
FOLDERS = (
    "state/lists/partial", "cache/archives/partial", "log", "etc/apt.conf.d", "etc/sources.list.d",
    "etc/trusted.gpg.d", "etc/preferences.d", "etc/auth.conf.d",
)  # fmt: skip
HELPER = Path("/usr/lib/apt/apt-helper")
# to apt-get update another suite is worth a warning, and before 2.2 so is a host that cannot be reached
ONLY_WARNINGS = ("Failed to fetch", "Conflicting distribution")
# Of a file that no index names nobody knows the size. A file of keys has some kilobytes.
MOST_BYTES = 1 << 20
# seconds; the timeouts of apt end at every byte that comes
SMALL_FILES, PACKAGE = 300, 7200
TOO_SLOW = "it is not complete after"
# proxies and certificates are taken from the system's configuration
SYSTEM_SETTINGS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::https::CAInfo")


class AptError(Exception):
    """apt failed; the text is what it wrote to stderr."""


class Apt:
    """apt in a folder of its own, with one source."""

    def __init__(self, folder: Path, source: str) -> None:
        """Make the folder anew, with this line as its sources list."""
        shutil.rmtree(folder, ignore_errors=True)
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        (folder / "state" / "status").touch()
        (folder / "etc" / "sources.list").write_text(f"{source}\n")
        self.configuration = folder / "apt.conf"
        self.keyring = folder / "etc" / "trusted.gpg.d" / "vendor.gpg"
        self.configuration.write_text(CONFIGURATION.format(folder=folder) + system_settings())

    def fetch(self, address: str, target: Path) -> None:
        """Download one file of at most MOST_BYTES. Raises AptError."""
        self._run("prlimit", f"--fsize={MOST_BYTES}", str(HELPER), "download-file", address, str(target))

    def update(self) -> None:
        """Fetch the index and verify its signature. Raises AptError."""
        self._run("apt-get", "-q", "update")

    def locate(self, wanted: str) -> str:
        """The URL of a package in the index. Raises AptError."""
        printed = self._run("apt-get", "-q", "download", "--print-uris", wanted)
        # '{URL}' {name} {size} {hash}
        return printed.partition("'")[2].partition("'")[0]

    def download(self, wanted: str, folder: Path) -> Path:
        """Download a package into this folder and verify it by the index. Raises AptError."""
        self._run("apt-get", "-q", "download", wanted, cwd=folder, within=PACKAGE)
        [package] = folder.glob("*.deb")
        return package

    def _run(self, *command: str, cwd: Path | None = None, within: float | None = None) -> str:
        seconds = within or SMALL_FILES
        try:
            ended = subprocess.run(  # noqa: S603 - no shell
                # apt ends with this process
                ["setpriv", "--pdeathsig", "TERM", *command],  # noqa: S607
                cwd=cwd,
                env={**os.environ, "APT_CONFIG": str(self.configuration), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise AptError(f"E: {TOO_SLOW} {seconds:g} s\n") from None
        if ended.returncode or any(text in ended.stderr for text in ONLY_WARNINGS):
            raise AptError(ended.stderr or f"E: {command[0]} ended with {ended.returncode}\n")
        return ended.stdout


def system_settings() -> str:
    """The system's settings for proxies and certificates, as lines of a configuration."""
    known = subprocess.run(  # noqa: S603 - no shell
        ["apt-config", "dump", "--format", '%F "%v";%n', *SYSTEM_SETTINGS],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return known.stdout
