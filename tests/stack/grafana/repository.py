"""A signed repository of a small stand-in for Grafana, on a local address."""

import hashlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import yaml

CONTROL = """\
Package: grafana
Version: {version}
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: a stand-in
"""
# serves /api/health on the configured address, and records how it was started
SERVER = """\
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"stand_in 1\\n")

os.makedirs(os.environ["GF_PATHS_DATA"], exist_ok=True)
with open(os.path.join(os.environ["GF_PATHS_DATA"], "started.jsonl"), "a") as file:
    file.write(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ)}) + "\\n")
address = os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"])
HTTPServer(address, Handler).serve_forever()
"""


@dataclass(frozen=True)
class Signer:
    """A throw-away key in a folder of GnuPG."""

    folder: Path

    def gpg(self, *arguments: str) -> bytes:
        """What gpg writes to stdout."""
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, timeout=30).stdout

    def make(self, *options: str, lasts: str = "never") -> None:
        """Make the key, which signs, with these options of gpg."""
        self.gpg(*options, "--passphrase", "", "--quick-generate-key", "Stand-in", "ed25519", "sign", lasts)

    def public(self) -> bytes:
        """The public key, armored as vendors serve it."""
        return self.gpg("--armor", "--export")

    def fingerprint(self) -> str:
        """The fingerprint as gpg prints it."""
        lines = self.gpg("--list-keys", "--with-colons").decode().splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))


def install_stand_in(home: Path) -> Path:
    """Put the stand-in's files under this home path; the program."""
    (home / "bin").mkdir(parents=True)
    (home / "conf").mkdir()
    (home / "conf" / "defaults.ini").write_text("# defaults\n")
    (home / "bin" / "server.py").write_text(SERVER)
    program = home / "bin" / "grafana"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$(dirname "$0")/server.py" "$@"\n')
    program.chmod(0o755)
    return program


class SignedRepository:
    """The files of the repository; `served` has them on an address."""

    def __init__(self, folder: Path, signer: Signer, version: str = "12.4.3") -> None:
        self.root = folder / "repository"
        self.signer = signer
        self.package = self.root / "pool" / f"grafana_{version}_all.deb"
        self.package.parent.mkdir(parents=True)
        self.content = folder / "content"
        install_stand_in(self.content / "usr" / "share" / "grafana")
        (self.content / "DEBIAN").mkdir()
        self.control = CONTROL.format(version=version)
        (self.content / "DEBIAN" / "control").write_text(self.control)
        (self.root / "key").write_bytes(signer.public())
        self.build()

    def build(self, change: Callable[[Path], object] = lambda _: None) -> None:
        """Pack the stand-in, once its files are changed, and sign the repository of it."""
        change(self.content)
        output_of("dpkg-deb", "--build", "--root-owner-group", str(self.content), str(self.package))
        self.index()
        self.sign()

    def index(self) -> None:
        """Write the index of the package."""
        content = self.package.read_bytes()
        text = (
            f"{self.control}Filename: {self.package.relative_to(self.root)}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
        self._index().parent.mkdir(parents=True, exist_ok=True)
        self._index().write_text(text)

    def sign(self, valid_until: str = "") -> None:
        """Write the signed list of indexes, which may end at a time."""
        index = self._index()
        digest = hashlib.sha256(index.read_bytes()).hexdigest()
        name = index.relative_to(self.release.parent)
        ends = f"Valid-Until: {valid_until}\n" if valid_until else ""
        self.release.write_text(
            f"Suite: stable\nCodename: stable\nComponents: main\nArchitectures: {architecture()}\n"
            f"Date: {formatdate(usegmt=True)}\n{ends}SHA256:\n {digest} {index.stat().st_size} {name}\n"
        )
        self.change_release("", "")

    def change_release(self, pattern: str, replacement: str, *options: str) -> None:
        """Replace what matches in the list of indexes, and sign it with these options of gpg."""
        self.release.write_text(re.sub(pattern, replacement, self.release.read_text()))
        signed = str(self.release.with_name("InRelease"))
        self.signer.gpg("--yes", *options, "--output", signed, "--clearsign", str(self.release))

    def change_index(self, pattern: str, replacement: str) -> None:
        """Replace what matches in the index of the package, and sign the repository of it."""
        self._index().write_text(re.sub(pattern, replacement, self._index().read_text()))
        self.sign()

    @property
    def release(self) -> Path:
        """The list of indexes, without its signature."""
        return self.root / "dists" / "stable" / "Release"

    def _index(self) -> Path:
        return self.release.parent / "main" / f"binary-{architecture()}" / "Packages"

    def described(self, file: Path, address: str, **changes: str) -> Path:
        """A file that names this repository at an address, like stack/grafana/repository.yml."""
        entries = {
            "uri": address,
            "suite": "stable",
            "component": "main",
            "key_url": f"{address}/key",
            "fingerprint": self.signer.fingerprint(),
            "package": "grafana",
            "version": "12.4.*",
        }
        file.write_text(yaml.safe_dump(entries | changes))
        return file


@dataclass
class FileServer:
    """A server of files; it responds once `opened` is set, to the ends of paths in `errors` with a status."""

    url: str
    opened: Event
    requested: list[str]
    errors: dict[str, int]


@contextmanager
def serve(folder: Path) -> Iterator[FileServer]:
    """Serve the files of a folder on a free port."""
    opened, requested, errors = Event(), list[str](), dict[str, int]()
    opened.set()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, directory=str(folder), **named)

        def do_GET(self) -> None:
            requested.append(self.path)
            opened.wait(30)
            status = next((errors[end] for end in errors if self.path.endswith(end)), None)
            super().do_GET() if status is None else self.send_error(status, "Not Now")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield FileServer(f"http://127.0.0.1:{server.server_address[1]}", opened, requested, errors)
    finally:
        opened.set()
        server.shutdown()
        server.server_close()


def output_of(*command: str) -> str:
    """What a command writes to stdout."""
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return ended.stdout


def architecture() -> str:
    """The architecture of this machine's packages."""
    return output_of("dpkg", "--print-architecture").strip()
