"""Grafana's package: downloaded, verified and unpacked under the project's cache folder, never installed."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from textwrap import shorten
from urllib.parse import unquote

from stack.errors import StackError
from stack.grafana.apt import HELPER, Apt, AptError
from stack.grafana.apt_failures import failure_sentence, one_line
from stack.grafana.openpgp import select_key
from stack.grafana.repository import Repository, without_password
from stack.grafana.unpacked import HOME, find_flaw, home_of

ADVICE = (
    "everything else runs; to add Grafana, repeat `make run` later, load grafana/provisioning into your own "
    "Grafana, or stop this run and use `make compose-secrets` and `docker compose --profile demo up --build` "
    "(docs/operations.md)"
)
# of a package unpacked, in MiB; Grafana 12 takes less than 1024
MOST_UNPACKED = 4096
BLOCK = 1 << 20
ReportProgress = Callable[[str], None]


def unpacked_home(repository: Repository, cache: Path) -> Path | None:
    """The home path that an earlier run unpacked from the same repository; None without one."""
    stamp = cache / "unpacked-from"
    if not stamp.is_file() or stamp.read_text() != digest(repository):
        return None
    return home_of(cache / "unpacked")


def download(repository: Repository, cache: Path, report: ReportProgress) -> Path:
    """Download, verify and unpack Grafana, and return its home path.

    Raises StackError with one sentence: unreachable, refused, missing, or not unpacked.
    """
    require_tools()
    report(f"{repository.package} {repository.version} is being downloaded from {repository.shown_uri}")
    try:
        return unpack(fetch(repository, cache), repository, cache, report)
    finally:
        # a refused package may be large, and its disk full
        for name in ("apt", "new"):
            shutil.rmtree(cache / name, ignore_errors=True)


def fetch(repository: Repository, cache: Path) -> Path:
    """Download the package and verify it. Raises StackError."""
    apt = Apt(cache / "apt", repository.source)
    apt.keyring.write_bytes(vendor_key(repository, apt, cache / "apt" / "key"))
    try:
        apt.update()
        require_own_address(apt.locate(repository.wanted), repository)
        return apt.download(repository.wanted, cache / "apt")
    except AptError as error:
        raise StackError(f"{failure_sentence(str(error), repository.uri, repository)}; {ADVICE}") from None


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
        raise StackError(
            f"{failure_sentence(str(error), repository.key_url, repository)}; {ADVICE}"
        ) from None
    try:
        return select_key(repository.fingerprint, target.read_bytes())
    except ValueError as error:
        url = without_password(repository.key_url)
        raise StackError(
            f"Grafana was refused: the key at {url} has {error}; expected {repository.fingerprint}; {ADVICE}"
        ) from None


def require_own_address(url: str, repository: Repository) -> None:
    """Raise StackError if the index leads to a package outside the repository, or to no package."""
    path = unquote(url).removeprefix(f"{unquote(repository.uri).rstrip('/')}/")
    if ".." in path.split("/") or not path.endswith(".deb"):
        raise StackError(
            f"Grafana was refused: the index of {repository.shown_uri} names the file {one_line(path)!r}; "
            f"expected the path of a .deb in the repository; {ADVICE}"
        )


def unpack(package: Path, repository: Repository, cache: Path, report: ReportProgress) -> Path:
    """Unpack the package in place of an earlier one, and return its home path. Raises StackError."""
    report(f"{package.name} is being unpacked")
    new, stamp = cache / "new", cache / "unpacked-from"
    shutil.rmtree(new, ignore_errors=True)
    require_bounded(package)
    command = dpkg_deb("--extract", str(package), str(new))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if ended.returncode:
        # tar writes a line for each member that it refuses
        reason = shorten(one_line(ended.stderr), 300, placeholder=" ...")
        raise StackError(f"Grafana cannot be unpacked: {package.name}: {reason}; {ADVICE}")
    if why := find_flaw(new):
        raise StackError(f"Grafana was refused: in {package.name}, {one_line(why)}; {ADVICE}")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(cache / "unpacked", ignore_errors=True)
    new.rename(cache / "unpacked")
    stamp.write_text(digest(repository))
    return cache / "unpacked" / HOME


def require_bounded(package: Path) -> None:
    """Raise StackError if the package unpacks more than Grafana can need; a few KiB may be many GiB."""
    command = dpkg_deb("--fsys-tarfile", str(package))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacking:  # noqa: S603
        blocks = iter(partial(unpacking.stdout.read, BLOCK), b"") if unpacking.stdout else ()
        is_larger = any(True for _ in islice(blocks, MOST_UNPACKED, None))
        unpacking.kill()
    if is_larger:
        raise StackError(
            f"Grafana was refused: {package.name} unpacks more than {MOST_UNPACKED} MiB; "
            f"expected what fits; {ADVICE}"
        )


def dpkg_deb(*arguments: str) -> list[str]:
    """A command of dpkg-deb, which ends with this process."""
    return ["setpriv", "--pdeathsig", "TERM", "dpkg-deb", *arguments]


def digest(repository: Repository) -> str:
    """A digest of repository, key and version, which an unpacked package must match."""
    return hashlib.sha256(repository.model_dump_json().encode()).hexdigest()
