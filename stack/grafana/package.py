"""Grafana's package: downloaded, verified and unpacked under the project's cache folder, never installed."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from stack.errors import StackError
from stack.grafana.apt import HELPER, Apt, AptError
from stack.grafana.openpgp import select_key
from stack.grafana.repository import Repository

HOME = Path("usr/share/grafana")
ADVICE = (
    "everything else runs; to add Grafana, repeat `make run` later, load grafana/provisioning into your own "
    "Grafana, or stop this run and use `make compose-secrets` and `docker compose --profile demo up --build` "
    "(docs/operations.md)"
)
SIGNATURE = re.compile(r"GPG error|OpenPGP|not signed|signature", re.IGNORECASE)
CONTENT = re.compile(r"Hash Sum mismatch|unexpected size|Hashes of expected file")
UNTIMELY = re.compile(r"is (?:expired|not valid yet) \([^)]*\)")
UNKNOWN = re.compile(r"Unable to locate package|Version .* was not found|Can't find")
FAILED = re.compile(r"^[EW]: Failed to fetch \S+\s+(.+)$", re.MULTILINE)
ReportProgress = Callable[[str], None]


def unpacked_home(repository: Repository, cache: Path) -> Path | None:
    """The home path that an earlier run unpacked from the same repository; None without one."""
    stamp = cache / "unpacked-from"
    if not stamp.is_file() or stamp.read_text() != digest(repository):
        return None
    home = cache / "unpacked" / HOME
    return home if home.is_dir() else None


def download(repository: Repository, cache: Path, report: ReportProgress) -> Path:
    """Download, verify and unpack Grafana, and return its home path.

    Raises StackError with one sentence: unreachable, refused, missing, or not unpacked.
    """
    require_tools()
    report(f"{repository.package} {repository.version} is being downloaded from {repository.uri}")
    apt = Apt(cache / "apt", repository.source)
    apt.keyring.write_bytes(vendor_key(repository, apt, cache / "apt" / "key"))
    try:
        apt.update()
        package = apt.download(repository.wanted, cache / "apt")
    except AptError as error:
        raise StackError(apt_failure(str(error), repository)) from None
    report(f"{package.name} is being unpacked")
    return unpack(package, repository, cache)


def require_tools() -> None:
    """Raise StackError on a system without apt or dpkg."""
    for name in ("apt-get", "dpkg-deb", str(HELPER)):
        if shutil.which(name) is None:
            raise StackError(f"Grafana cannot be downloaded, since this system has no {name}; {ADVICE}")


def vendor_key(repository: Repository, apt: Apt, target: Path) -> bytes:
    """The public key with the pinned fingerprint. Raises StackError."""
    try:
        apt.fetch(repository.key_url, target)
    except AptError as error:
        raise StackError(unreachable_message(repository.key_url, str(error))) from None
    try:
        return select_key(repository.fingerprint, target.read_bytes())
    except ValueError as error:
        raise StackError(
            f"Grafana was refused: the key at {repository.key_url} has the fingerprint {error}; "
            f"expected {repository.fingerprint}; {ADVICE}"
        ) from None


def apt_failure(output: str, repository: Repository) -> str:
    """One sentence about a failure of apt."""
    if SIGNATURE.search(output):
        signer = f"the key {repository.fingerprint}"
        return f"Grafana was refused: {repository.uri} is not signed by {signer}; {ADVICE}"
    if CONTENT.search(output):
        return f"Grafana was refused: what {repository.uri} sent is not what its signed index names; {ADVICE}"
    if found := UNTIMELY.search(output):
        return f"Grafana was refused: the index of {repository.uri} {found[0]}; {ADVICE}"
    if UNKNOWN.search(output):
        return f"Grafana is missing: {repository.uri} has no {repository.wanted}; {ADVICE}"
    return unreachable_message(repository.uri, output)


def unreachable_message(url: str, output: str) -> str:
    """One sentence about a URL that cannot be reached."""
    lines = [line for line in output.splitlines() if line.startswith("E:")]
    found = FAILED.search(output)
    why = found[1] if found else (lines or ["E: no reason"])[0].removeprefix("E: ")
    return f"Grafana cannot be downloaded: {url} cannot be reached ({why.strip()}); {ADVICE}"


def unpack(package: Path, repository: Repository, cache: Path) -> Path:
    """Unpack the package in place of an earlier one, and return its home path. Raises StackError."""
    new, stamp = cache / "new", cache / "unpacked-from"
    shutil.rmtree(new, ignore_errors=True)
    command = ["dpkg-deb", "--extract", str(package), str(new)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if ended.returncode or not (new / HOME).is_dir():
        why = " ".join(ended.stderr.split()) or f"it has no {HOME}"
        raise StackError(f"Grafana cannot be unpacked: {package.name}: {why}; {ADVICE}")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(cache / "unpacked", ignore_errors=True)
    new.rename(cache / "unpacked")
    stamp.write_text(digest(repository))
    shutil.rmtree(cache / "apt", ignore_errors=True)
    return cache / "unpacked" / HOME


def digest(repository: Repository) -> str:
    """A digest of repository, key and version, which an unpacked package must match."""
    return hashlib.sha256(repository.model_dump_json().encode()).hexdigest()
