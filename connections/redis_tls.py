"""TLS of a Redis connection: the options of a URL in both libraries' names, and probes of a server."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

TLS_OPTIONS = (
    "ssl_cert_reqs", "ssl_check_hostname", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile",
    "ssl_password",
)  # fmt: skip
# the values of redis-py and of kombu
VERIFY = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class TlsOptions:
    """How the server is verified, with which authorities, and the client certificate."""

    verify: ssl.VerifyMode = ssl.CERT_REQUIRED
    check_hostname: bool = True
    ca_file: str | None = None
    ca_path: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, options: Mapping[str, str], scheme: str) -> "TlsOptions | None":
        """The TLS options of a URL; None without TLS. Raises ValueError."""
        if scheme not in ("rediss", "sentinel"):
            if options:
                raise ValueError(f"has {next(iter(options))} with {scheme}://; expected rediss:// for TLS")
            return None
        if scheme == "sentinel" and not options:
            return None
        verify = _verify(options.get("ssl_cert_reqs", "required"))
        found = cls(
            verify=verify,
            check_hostname=_truth(options.get("ssl_check_hostname", "true")) and verify != ssl.CERT_NONE,
            ca_file=options.get("ssl_ca_certs"),
            ca_path=options.get("ssl_ca_path"),
            certificate=options.get("ssl_certfile"),
            key=options.get("ssl_keyfile"),
            key_password=options.get("ssl_password"),
        )
        found.check_files()
        return found

    def arguments(self) -> dict[str, Any]:
        """The arguments of redis-py's connections, which kombu passes on."""
        given = {
            "ssl_cert_reqs": self.verify,
            "ssl_check_hostname": self.check_hostname,
            "ssl_ca_certs": self.ca_file,
            "ssl_ca_path": self.ca_path,
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_password": self.key_password,
        }
        return {name: value for name, value in given.items() if value is not None}

    def check_files(self) -> None:
        """Raises ValueError for a file that cannot be used, now rather than at each connection."""
        context = ssl.create_default_context()
        try:
            if self.ca_file or self.ca_path:
                context.load_verify_locations(self.ca_file, self.ca_path)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"has ssl_ca_certs {self.ca_file or self.ca_path}, {_why(error)}") from None
        try:
            if self.certificate or self.key:
                # an empty password rather than a question at the terminal
                context.load_cert_chain(self.certificate or "", self.key, self.key_password or "")
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"has ssl_certfile {self.certificate}, {_why(error)}") from None


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "which holds no certificate and key that fit; expected PEM"
    return f"which cannot be read: {error.strerror}"


def _verify(word: str) -> ssl.VerifyMode:
    found = VERIFY.get(word.lower().removeprefix("cert_"))
    if found is None:
        raise ValueError(f"has ssl_cert_reqs={word[:40]!r}; expected required, optional or none")
    return found


def _truth(word: str) -> bool:
    found = TRUTH.get(word.lower())
    if found is None:
        raise ValueError(f"has ssl_check_hostname={word[:40]!r}; expected true or false")
    return found


SECONDS = 0.5  # that one attempt may take
PING = b"PING\r\n"
REPLIES = (b"+", b"-")


def is_plaintext_blocking(host: str, port: int) -> bool:
    """Whether this is a Redis server without TLS, which does not respond to a TLS handshake."""
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        plain.sendall(PING)
        return plain.recv(1) in REPLIES
    return False


def supports_tls_blocking(host: str, port: int) -> bool:
    """Whether this server supports TLS; it is not verified, and gets no data."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        context.wrap_socket(plain, server_hostname=host).close()
        return True
    return False


async def is_plaintext(host: str, port: int) -> bool:
    """The same for an event loop, whose own handshakes leak transports when cancelled."""
    return await asyncio.to_thread(is_plaintext_blocking, host, port)


async def supports_tls(host: str, port: int) -> bool:
    """The same for an event loop."""
    return await asyncio.to_thread(supports_tls_blocking, host, port)
