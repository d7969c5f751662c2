"""What Alertmanager's receivers need: their secrets in files, and webhooks that accept connections."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingestion_api.access.token_file import create_token_file
from stack.errors import StackError
from stack.settings import HOST, Settings

CONNECT_TIMEOUT = 1.0
PORTS = {"http": 80, "https": 443}


def make_webhook_token(settings: Settings) -> Path:
    """The file with the service's webhook token, made for its owner only if it is missing."""
    path = settings.home / "service" / "webhook-token"
    create_token_file(path)
    return path


def remove_service_webhook(document: Any, settings: Settings) -> Any:
    """The same configuration without the webhook of the service, for a run that does not start it."""
    own = f"{service_url(settings)}/"
    for receiver in document.get("receivers", []):
        hooks = [
            hook for hook in receiver.get("webhook_configs", []) if not str(hook.get("url")).startswith(own)
        ]
        receiver.pop("webhook_configs", None)
        if hooks:
            receiver["webhook_configs"] = hooks
    return document


def require_secret_files(document: Any, source: Path) -> None:
    """Raise StackError with a sentence for each missing file that the configuration names."""
    missing = [path for path in secret_files(document) if not Path(path).is_file()]
    if missing:
        names = "\n".join(
            f"{path} is missing; {source} expects a secret in it" for path in sorted({*missing})
        )
        raise StackError(names)


def secret_files(value: Any) -> Iterator[str]:
    """Every file that a configuration names under a key `*_file`."""
    if isinstance(value, list):
        for it in value:
            yield from secret_files(it)
    if isinstance(value, dict):
        for key, it in value.items():
            yield from [it] if key.endswith("_file") and isinstance(it, str) else secret_files(it)


def unreachable_webhooks(document: Any, settings: Settings) -> Iterator[str]:
    """A sentence for each webhook, the service's aside, that accepts no connection now."""
    hooks = [hook for it in document.get("receivers", []) for hook in it.get("webhook_configs", [])]
    for url in sorted({str(hook["url"]) for hook in hooks}):
        parts = urlsplit(url)
        address = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)
        if not url.startswith(f"{service_url(settings)}/") and (why := connection_error(address)):
            yield (
                f"the webhook at {parts.hostname}:{address[1]} does not respond ({why}); "
                "Alertmanager keeps its alerts until it does"
            )


def connection_error(address: tuple[str, int]) -> str:
    """Why the address accepts no connection; empty when it does."""
    try:
        socket.create_connection(address, CONNECT_TIMEOUT).close()
    except OSError as error:
        return error.strerror or "timed out"
    return ""


def service_url(settings: Settings) -> str:
    """The URL of the service of this run."""
    return f"http://{HOST}:{settings.service_port}"
