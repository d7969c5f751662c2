"""What the model-backed encoders share: packages that may be missing, models that are never fetched."""

import importlib
from typing import Any

from ingestion_api.encoder.protocol import EncoderUnavailable


def import_extra(module: str, encoder: str) -> Any:
    """Import a package of an extra; raise EncoderUnavailable when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise EncoderUnavailable(
            f"encoder {encoder!r} needs the package {missing}, which is not installed; "
            f"install watchroom[{encoder}]"
        ) from error


def model_not_found(model: str, encoder: str, error: Exception) -> EncoderUnavailable:
    """Return the refusal for a model that is not on this machine."""
    return EncoderUnavailable(
        f"encoder {encoder!r} needs the model {model}, which is not on this machine "
        f"({type(error).__name__}); fetch it once while online"
    )
