"""What apt writes about a failure, told in one sentence: the thing, its value, what was expected."""

import re
from datetime import UTC, datetime
from signal import SIGXFSZ

from stack.grafana.apt import MOST_BYTES, TOO_SLOW
from stack.grafana.repository import Repository, without_password

REFUSED, MISSING, FAILED = "Grafana was refused", "Grafana is missing", "Grafana cannot be downloaded"
FETCHED = r"Failed to fetch (?P<file>\S+)[ \t]+"
# the texts of apt's methods http and https, of a proxy as of a host
UNREACHABLE = (
    "Could not connect|Unable to connect|Cannot initiate the connection|Failed to connect|Connection failed"
    "|Connection timed out|Could not resolve|Temporary failure resolving|Something wicked happened resolving"
    "|Could not handshake|Could not wait for server fd|Error reading from server|Network is unreachable"
)
# The first that matches is told: a cause before what apt concludes from it. An index that returned 403 is
# also "not signed", and one that cannot be parsed has "only weak security information".
FAILURES = tuple(
    (re.compile(pattern, re.MULTILINE), sentence)
    for pattern, sentence in (
        (r"No space left on device|don't have enough free space",
         FAILED + ": this machine's disk is full; expected room for a package and what it unpacks"),
        (rf"received signal {int(SIGXFSZ)}\b",
         REFUSED + f": {{url}} is longer than {MOST_BYTES >> 10} KiB; expected a file of keys"),
        (rf"{TOO_SLOW} (?P<seconds>\S+ s)",
         FAILED + ": {url} is too slow; expected all of it within {seconds}"),
        (r"(?P<why>Could(?:n't| not) execute [^\n]*)",
         FAILED + ": apt on this machine is incomplete ({why}); expected what it checks signatures with"),
        (r"(?P<why>[Cc]ertificate verif[^\n\[]*[^\n\[ .])",
         REFUSED + ": the certificate of {url} is not trusted ({why}); expected one of an authority "
         "that this machine knows"),
        (FETCHED + r"(?P<status>[1-5]\d\d)[ \t]+(?P<why>[^\n]*?)[ \t]*(?:\[IP|$)",
         FAILED + ": {file} returned {status} {why}; expected 200"),
        (FETCHED + rf"(?P<why>(?:{UNREACHABLE})[^\n]*)", FAILED + ": {url} cannot be reached ({why})"),
        (r"NOSPLIT|Splitting up",
         REFUSED + ": {url}/dists/{suite}/InRelease is not a whole signed file; expected one that is "
         "signed by the key {key} (a network that wants a sign-in sends its own page)"),
        (r"signatures were invalid: EXPKEYSIG",
         REFUSED + ": {url} is signed by the key {key}, which has expired; expected a key in force"),
        (r"signatures were invalid: REVKEYSIG",
         REFUSED + ": {url} is signed by the key {key}, which is revoked; expected a key in force"),
        (r"signatures were invalid: [0-9A-F]{16,}|is not considered secure",
         REFUSED + ": the signature of {url} is by a weak digest; expected SHA-256 or stronger"),
        (r"^[WE]: (?:GPG error|OpenPGP signature verification failed): \S+ \S+ \S+: (?P<why>[^\n]+)",
         REFUSED + ": {url} is not signed by the key {key} ({why})"),
        (r"^[WE]: (?:GPG error|OpenPGP)|' is not signed", REFUSED + ": {url} is not signed by the key {key}"),
        (r"does not have a Release file",
         MISSING + ": {url} has no suite {suite}; expected a file dists/{suite}/InRelease"),
        (r"Conflicting distribution: [^\n]*but got (?P<got>[^\n]*)\)",
         REFUSED + ": {url} says that it is the suite '{got}'; expected '{suite}'"),
        (r"is (?P<state>expired|not valid yet) \((?P<since>[^)]*)\)",
         REFUSED + ": the index of {url} is {state} ({since}); expected one in force at {now}, the time "
         "of this machine"),
        (r"Unable to parse package file[^\n]*\n(?:[^\n]*\n)*[^\n]*weak security",
         REFUSED + ": the file dists/{suite}/InRelease of {url} is malformed; expected fields "
         "like 'Date: ...'"),
        (r"only weak security information",
         REFUSED + ": the file dists/{suite}/InRelease of {url} is malformed or names no index by a strong "
         "hash; expected SHA256 or stronger"),
        (r"Unable to parse package file",
         REFUSED + ": the file Packages of {url} is malformed or cut short; expected entries that begin with "
         "'Package: ...'"),
        (FETCHED + r"File has unexpected size \((?P<got>\d+) != (?P<size>\d+)\)",
         REFUSED + ": {file} is not what its signed index names: it has {got} bytes; expected {size}"),
        (FETCHED + r"Hash Sum mismatch\n(?:[^\n]*\n)*? +Hashes of expected file:\n(?:[^\n]*\n)*?"
         r" +- (?P<hash>SHA\d+:\w{12})(?:[^\n]*\n)*? +Hashes of received file:\n(?:[^\n]*\n)*?"
         r" +- (?P<got>SHA\d+:\w{12})",
         REFUSED + ": {file} is not what its signed index names: its hash is {got}...; "
         "expected {hash}..."),
        (r"Hash Sum mismatch", REFUSED + ": what {url} sent is not what its signed index names"),
        (r"Insufficient information available to perform this download securely",
         REFUSED + ": the file Packages of {url} names {wanted} by no strong hash; expected SHA256 or "
         "stronger"),
        (r"has no Size information",
         REFUSED + ": the file Packages of {url} names no size of {wanted}; expected 'Size: ' and a number"),
        (r"Can't find a source to download",
         REFUSED + ": the file Packages of {url} names no file of {wanted}; expected 'Filename: ' and "
         "a path"),
        (r"Unable to locate package|Version .* was not found", MISSING + ": {url} has no {wanted}"),
        (FETCHED + r"(?P<why>\S[^\n]*)", FAILED + ": apt cannot fetch {file} ({why})"),
        (r"^E: (?P<why>[^\n]+)", FAILED + ": apt fails at {url} ({why})"),
    )
)  # fmt: skip


def failure_sentence(output: str, url: str, repository: Repository) -> str:
    """One sentence about a failure of apt at this address, without a full stop."""
    facts = {
        "url": url,
        "suite": repository.suite,
        "key": repository.fingerprint,
        "wanted": repository.wanted,
        "now": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }
    for pattern, sentence in FAILURES:
        if found := pattern.search(output):
            return one_line(without_password(sentence.format(**facts | found.groupdict())))
    return f"{FAILED}: apt fails at {without_password(url)} and gives no reason"


def one_line(text: str) -> str:
    """The text without what a host could put into it to move a terminal's cursor."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
