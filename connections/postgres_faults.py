"""What is wrong with our URL of a PostgreSQL server, by the words of the server and its library."""

import re

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
            "cannot be asked: the {} file of its URL is unusable",
        ),
        (r"certificate required|requires a valid client certificate", "wants a TLS certificate of ours"),
        (r"SSL error: (?!unexpected eof)", "refuses our TLS"),
        (r'unrecognized configuration parameter "([^"]+)"', "refused the start-up parameter {}"),
        (r'invalid value for parameter "([^"]+)"', "refused the value of the start-up parameter {}"),
        (r"unsupported startup parameter[^:]*: (\w+)", "refused the start-up parameter {}"),
        (r"-c (\w+) requires a value", "refused the start-up parameter {} without a value"),
        (r"invalid (?:connection option|command-line argument)", "refused a start-up parameter of its URL"),
        (r"invalid (\w+) value", "cannot be asked: its URL has an invalid {}"),
        (r"channel binding required", "offers no channel binding, which its URL asks for"),
        (r"GSSAPI", "cannot be asked over GSSAPI as its URL says"),
    )
)


def describe_url_fault(text: str) -> str | None:
    """What is wrong with our URL, by the words of PostgreSQL and its library; values are left out of it."""
    for pattern, words in URL_FAULTS:
        found = pattern.search(text)
        if found is not None:
            return words.format(*(name[:60] for name in found.groups()))
    return None
