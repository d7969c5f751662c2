"""Faults of a connection to a running server, as a certificate, a password or an option of our URL."""

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
    """The server does not support TLS."""


class TlsRequired(redis.ConnectionError):
    """The server requires TLS."""


MESSAGES: Mapping[type[BaseException], str] = {
    TlsUnsupported: NO_TLS,
    TlsRequired: SPEAKS_TLS,
    redis.AuthenticationError: "refused the password",
    redis.exceptions.AuthenticationWrongNumberOfArgsError: "is too old for a user's name",
}


def describe_fault(error: BaseException | None) -> str | None:
    """The predicate of a sentence on the server; None where the error is no such fault."""
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
    """OpenSSL's reason in lower case."""
    return reason.lower().replace("_", " ")


# the name of a parameter is shown, a value never; the end of a connection is none of these
URL_FAULTS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"password authentication failed|no password supplied", "refused the user or the password"),
        (r"does not support SSL", "speaks no TLS, which sslmode in its URL asks for"),
        (
            r"no pg_hba.conf entry .*, no encryption",
            "accepts no connection without TLS; set sslmode=require in its URL",
        ),
        (
            r"no pg_hba.conf entry|pg_hba.conf rejects",
            "accepts no connection of this user from this host (pg_hba.conf)",
        ),
        (r"certificate verify failed", "has a certificate that is not accepted"),
        (r"server certificate for .* does not match host name", "has a certificate for another name"),
        (
            r'(root certificate|certificate|private key) file "[^"]*"',
            "cannot be used: the {} file of its URL is unusable",
        ),
        (r"certificate required|requires a valid client certificate", "wants a TLS certificate of ours"),
        (r"SSL error: (?!unexpected eof)", "refuses our TLS"),
        (r'unrecognized configuration parameter "([^"]+)"', "refused the start-up parameter {}"),
        (r'invalid value for parameter "([^"]+)"', "refused the value of the start-up parameter {}"),
        (r"unsupported startup parameter[^:]*: (\w+)", "refused the start-up parameter {}"),
        (r"-c (\w+) requires a value", "refused the start-up parameter {} without a value"),
        (r"invalid (?:connection option|command-line argument)", "refused a start-up parameter of its URL"),
        (r"invalid (\w+) value", "cannot be used: its URL has an invalid {}"),
        (r"channel binding required", "offers no channel binding, which its URL asks for"),
        (r"GSSAPI", "cannot be used over GSSAPI as its URL requires"),
    )
)


def describe_url_fault(text: str) -> str | None:
    """The fault of our PostgreSQL URL, from the server's or the library's message, without its values."""
    for pattern, words in URL_FAULTS:
        found = pattern.search(text)
        if found is not None:
            return words.format(*(name[:60] for name in found.groups()))
    return None
