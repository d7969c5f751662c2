"""What is wrong with the way to a server that is there, as its certificate or our password."""

import re
import ssl
from collections.abc import Mapping

import redis

# a record of TLS in place of a response: an alert or a handshake, of any version
TLS_RECORD = re.compile(r"\\x1[56]\\x03|[\x15\x16]\x03")
NO_TLS_REASONS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


NO_TLS = "speaks no TLS, which its URL asks for"
SPEAKS_TLS = "speaks TLS, which its URL does not ask for"
CERTIFICATE_REASONS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN")


class TlsUnsupported(redis.ConnectionError):
    """The server speaks no TLS."""


class TlsRequired(redis.ConnectionError):
    """The server speaks nothing but TLS."""


MESSAGES: Mapping[type[BaseException], str] = {
    TlsUnsupported: NO_TLS,
    TlsRequired: SPEAKS_TLS,
    redis.AuthenticationError: "refused the password",
    redis.exceptions.AuthenticationWrongNumberOfArgsError: "is too old for a user's name",
}


def describe_fault(error: BaseException | None) -> str | None:
    """What follows the server's name in a sentence; None where the error is no such fault."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        words = _words(error)
        if words is not None:
            return words
        error = error.__cause__ or error.__context__
    return None


def _words(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLError):
        return _words_of_tls(error)
    known = (words for kind, words in MESSAGES.items() if isinstance(error, kind))
    return next(known, SPEAKS_TLS if TLS_RECORD.search(str(error)) else None)


def _words_of_tls(error: ssl.SSLError) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that is not accepted: {error.verify_message}"
    reason = getattr(error, "reason", None) or ""
    if any(word in reason for word in NO_TLS_REASONS):
        return NO_TLS
    if any(word in reason for word in CERTIFICATE_REASONS):
        return f"does not accept our TLS certificate: {openssl_reason(reason)}"
    return f"refuses our TLS: {openssl_reason(reason)}" if reason.startswith("TLSV1") else None


def openssl_reason(reason: str) -> str:
    """OpenSSL's reason as people write it."""
    return reason.lower().replace("_", " ")
