"""The bearer token towards the backend, read again when its file changes, never shown."""

from pathlib import Path

from pydantic import SecretStr

from exporter.errors import SourceError


class BearerToken:
    """A token from the settings or from a file; the file wins and may be replaced at any time."""

    def __init__(self, text: SecretStr | None, file: Path | None) -> None:
        self._text = text.get_secret_value() if text else None
        self._file = file
        self._seen: tuple[int, int] | None = None

    def headers(self) -> dict[str, str]:
        """The Authorization header, none without a token. Raises SourceError when the file cannot be read."""
        if self._file is not None:
            self._refresh(self._file)
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def _refresh(self, file: Path) -> None:
        try:
            state = file.stat()
            if self._seen != (state.st_mtime_ns, state.st_size):
                self._text = file.read_text().strip()
                self._seen = (state.st_mtime_ns, state.st_size)
        except OSError as error:
            raise SourceError(f"backend token file {file} cannot be read: {error.strerror}") from None
