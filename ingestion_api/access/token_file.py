"""The file that holds a token: read in full or not at all, made whole or not at all."""

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

MAX_BYTES = 4096  # bytes; what the sign-in form takes
SETTLE_SECONDS = 1.0  # seconds; a younger file may change again without any trace in its times


class TokenFileError(Exception):
    """The file holds no text; the text of the error completes "The file ... "."""


@dataclass(frozen=True)
class FileState:
    """What changes when a file is written, replaced or made unreadable."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @property
    def is_settled(self) -> bool:
        """Whether a later change is certain to give another state."""
        return time.time() - max(self.modified_ns, self.changed_ns) / 1e9 > SETTLE_SECONDS


def file_state(file: Path) -> FileState:
    """Return the state of a file; UnreadableFile when there is none."""
    with _explain_errors():
        return _state_of(file.stat())


def read_text(file: Path, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file; TokenFileError when it is none."""
    with _explain_errors():
        # a pipe without a writer would be waited for
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TokenFileError("is not a regular file")
            content = os.read(descriptor, max_bytes + 1)
        finally:
            os.close(descriptor)
    return _decode(content, max_bytes)


def create_token_file(file: Path) -> None:
    """Make a random token in `file`, for its owner only, unless one is there; OSError.

    Several processes may call this at once: the file appears whole, and the first one stays.
    """
    if os.path.lexists(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-") as whole:
        whole.write(secrets.token_urlsafe(32) + "\n")
        whole.flush()
        os.fsync(whole.fileno())
        with suppress(FileExistsError):
            os.link(whole.name, file)


@contextmanager
def _explain_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise TokenFileError("is missing") from None
    except OSError as error:
        raise TokenFileError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise TokenFileError("cannot be read: its path holds a NUL") from None


def _state_of(found: os.stat_result) -> FileState:
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _decode(content: bytes, max_bytes: int) -> str:
    if len(content) > max_bytes:
        raise TokenFileError(f"is longer than {max_bytes} bytes")
    try:
        # some editors put a byte order mark before the text
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TokenFileError("is not text in UTF-8") from None
