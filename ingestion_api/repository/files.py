"""The text files of a repository: not binary, vendored nor too large, in whatever encoding."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

from ingestion_api.repository.limits import CloneLimits
from ingestion_api.repository.snapshot import Snapshot, TreeEntry

EMPTY, POINTER, BINARY, UNKNOWN = "empty", "large-file pointer", "binary", "in an unknown encoding"
UTF8, DAMAGED = "utf-8", "utf-8 with errors"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
# the longer marks first, as that of UTF-16 is the beginning of that of UTF-32
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# by their frequency, where nothing else distinguishes them
_CANDIDATES = (
    "cp1252", "cp1250", "cp1254", "cp1251", "koi8_r", "cp932", "gb18030", "big5", "euc_kr", "euc_jp",
    "cp1253", "cp1256", "cp1255", "cp874",
)  # fmt: skip
_DECLARED = re.compile(rb"(?:coding|charset|encoding)\s*[:=]\s*[\"']?([A-Za-z0-9_.:-]{3,20})")
_MAY_BE_DECLARED = frozenset(codecs.lookup(name).name for name in _CANDIDATES) | frozenset(
    codecs.lookup(name).name
    for name in (
        "shift_jis",
        "gbk",
        "gb2312",
        "iso2022_jp",
        "koi8_u",
        *(f"iso8859_{n}" for n in range(1, 12)),
    )
)
_JAPANESE_SHIFTS = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_CONTROL_BYTES = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b\b"))
_MAX_CONTROL_SHARE = 0.01  # of the characters of a text
_MIN_GOOD_PER_BAD = 20  # valid characters of UTF-8 for each invalid byte
_SAMPLE_BYTES = 32_768
_MAX_DIFFERENCE = 0.02  # in charset_normalizer's chaos, within which two encodings are equally likely


@dataclass
class ReadCounts:
    """How many files were read by encoding, and left out by reason."""

    read: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """The notes for the job: none when every file was UTF-8."""
        return [str(self)] if self.left_out or set(self.read) - {UTF8} else []

    def __str__(self) -> str:
        """In words, such as "read 3 files (2 utf-8, 1 cp932), left out 1 (1 binary)"."""
        files = self.read.total()
        text = f"read {files} file{'' if files == 1 else 's'}{_format_counts(self.read)}"
        return (
            f"{text}, left out {self.left_out.total()}{_format_counts(self.left_out)}"
            if self.left_out
            else text
        )


def read_text(raw: bytes, tally: ReadCounts | None = None) -> str | None:
    """Return a file's text, or None when it is binary, empty, a large-file pointer or unreadable."""
    counted = tally or ReadCounts()
    reason = _skip_reason(raw)
    if reason is not None:
        counted.left_out[reason] += 1
        return None
    for encoding in _likely_encodings(raw):
        text = _decode(raw, encoding)
        if text is not None:
            counted.read[encoding.removesuffix("-sig")] += 1
            return text
    counted.left_out[BINARY if _looks_binary(raw) else UNKNOWN] += 1
    return None


def _skip_reason(raw: bytes) -> str | None:
    if not raw.strip() or any(raw.strip() == mark for mark, _ in _BYTE_ORDER_MARKS):
        return EMPTY
    return POINTER if raw.startswith(_LFS_POINTER) else None


def _likely_encodings(raw: bytes) -> Iterator[str]:
    """The encodings to try, the likeliest first."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            yield encoding
    if b"\0" in raw:
        yield from _utf_16(raw)
        return
    if raw.isascii() and any(shift in raw for shift in _JAPANESE_SHIFTS):
        yield "iso2022_jp"
    if not _looks_binary(raw):
        yield UTF8
        yield from _declared_encoding(raw)
        yield DAMAGED
        if _has_kana(raw):
            yield "euc_jp"
        yield from _guess_encodings(raw)


def _decode(raw: bytes, encoding: str) -> str | None:
    if encoding == DAMAGED:
        text = raw.decode(errors="replace")
        bad = text.count("\ufffd")
        beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
        return text if beyond_ascii >= (1 + _MIN_GOOD_PER_BAD) * bad else None
    try:
        text = raw.decode(encoding)
    except UnicodeError:
        return None
    # PostgreSQL refuses NUL in text; and not all that decodes as UTF-16 is text
    return None if "\0" in text or not text.strip() or _has_controls(text) else text


def _utf_16(raw: bytes) -> Iterator[str]:
    """Latin text has NUL in every other byte; binary files have it anywhere."""
    even, odd, pairs = raw[::2].count(0), raw[1::2].count(0), len(raw) // 2
    for nulls, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if nulls * 10 >= pairs and others * 20 <= nulls:
            yield encoding


def _declared_encoding(raw: bytes) -> Iterator[str]:
    match = _DECLARED.search(raw[:1024])
    if match is None:
        return
    try:
        name = codecs.lookup(match[1].decode()).name
    except LookupError:
        return
    if name in _MAY_BE_DECLARED:
        yield name


def _has_kana(raw: bytes) -> bool:
    """Much of Japanese is hiragana, whose first byte in EUC-JP is rare elsewhere."""
    beyond_ascii = len(raw) - len(raw.translate(None, bytes(range(128, 256))))
    return raw.count(b"\xa4") * 8 >= beyond_ascii > 0


def _guess_encodings(raw: bytes) -> Iterator[str]:
    # the lines of ASCII, which all encodings share, would outvote the few others
    sample = b"\n".join(line for line in raw.splitlines() if not line.isascii())[:_SAMPLE_BYTES]
    matches = list(from_bytes(sample, cp_isolation=list(_CANDIDATES)))
    while matches:
        lowest = min(match.chaos for match in matches)
        likely = [match for match in matches if match.chaos <= lowest + _MAX_DIFFERENCE]
        best = max(likely, key=lambda match: (match.coherence, -_CANDIDATES.index(match.encoding)))
        yield best.encoding
        matches.remove(best)


def _looks_binary(raw: bytes) -> bool:
    return b"\0" in raw or len(raw) - len(raw.translate(None, _CONTROL_BYTES)) > _MAX_CONTROL_SHARE * len(raw)


def _has_controls(text: str) -> bool:
    return _looks_binary(text.encode("latin-1", "ignore"))


def _format_counts(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{number} {name}' for name, number in counts.most_common())})" if counts else ""


# fmt: off
_VENDORED_FOLDERS = frozenset((
    ".git", ".hg", ".svn", "node_modules", "bower_components", "jspm_packages", "vendor",
    "vendored", "third_party", "third-party", "thirdparty", "Godeps", "Pods", "Carthage", ".venv",
    "venv", "site-packages", "dist", ".tox", ".nox", "__pycache__", ".gradle", ".yarn", ".next",
    ".terraform",
))
_GENERATED_NAMES = frozenset((
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock",
    "uv.lock", "Pipfile.lock", "pdm.lock", "Cargo.lock", "composer.lock", "Gemfile.lock", "go.sum",
    "flake.lock",
))
# fmt: on
_GENERATED_ENDS = (".min.js", ".min.css", ".js.map", ".css.map", ".svg")


@dataclass(frozen=True)
class TextFile:
    """One text file of a repository; `path` is relative, with forward slashes."""

    path: str
    text: str


def is_wanted(entry: TreeEntry, limits: CloneLimits) -> bool:
    """Tell whether a file is neither vendored, generated, empty nor too large."""
    *folders, name = entry.path.split("/")
    if any(folder in _VENDORED_FOLDERS or folder.lower() == ".git" for folder in folders):
        return False
    if name in _GENERATED_NAMES or name.endswith(_GENERATED_ENDS):
        return False
    return 0 < entry.size <= limits.file_bytes


def read_text_files(snapshot: Snapshot, tally: ReadCounts | None = None) -> Iterator[TextFile]:
    """Yield the text files of a snapshot in the order of their paths; count what was read and left out."""
    for entry, raw in snapshot.contents():
        text = read_text(raw, tally)
        if text is not None:
            yield TextFile(entry.path, text)
