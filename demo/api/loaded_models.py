"""The models of this process: loaded from file, with statistics of their use."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from demo import models
from demo.logs import short_error
from demo.models import Classifier, FactorModel
from demo.storage.engine import now

Result = TypeVar("Result")
LOAD_ERRORS = (OSError, ValueError, KeyError, EOFError, BadZipFile)


class ModelUnavailable(Exception):
    """The file of a model is missing or cannot be read."""


@dataclass
class ModelStats:
    """One model of this process and its statistics."""

    mark: tuple[int, int] | None = None
    model: FactorModel | Classifier | None = None
    errors: int = 0
    inferences: int = 0
    seconds: float | None = None
    last: datetime | None = None


class LoadedModels:
    """Loads each model when its file changes and measures each inference."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._stats = {name: ModelStats() for name in models.MODELS}

    def recommend(self, user: str, how_many: int) -> list[tuple[str, float]]:
        """The best items for a user; raises ModelUnavailable."""
        return self._measure(models.NCF, lambda: self.factors().recommend(user, how_many))

    def classify(self, text: str) -> tuple[str, float]:
        """The topic of a text; raises ModelUnavailable, or ValueError for a text without words."""
        return self._measure(models.CLASSIFIER, lambda: self.classifier().classify(text))

    def factors(self) -> FactorModel:
        """The recommendation model as it is on disk now."""
        model = self._load_current(models.NCF, models.load_factors)
        if not isinstance(model, FactorModel):
            raise ModelUnavailable(f"{models.NCF} holds a {type(model).__name__}; expected FactorModel")
        return model

    def classifier(self) -> Classifier:
        """The classifier as it is on disk now."""
        model = self._load_current(models.CLASSIFIER, models.load_classifier)
        if not isinstance(model, Classifier):
            raise ModelUnavailable(f"{models.CLASSIFIER} holds a {type(model).__name__}; expected Classifier")
        return model

    def check(self, name: str) -> dict[str, Any]:
        """Run one inference and report its result."""
        try:
            self._infer_once(name)
            status, error = "healthy", None
        except (ModelUnavailable, ValueError) as failure:
            status, error = "unhealthy", str(failure)
        use = self._stats[name]
        return {
            "status": status, "available": error is None, "error": error, "inference_seconds": use.seconds,
            "inferences": use.inferences, "errors": use.errors, "memory_bytes": _size(use.model),
            "last_inference": use.last.isoformat() if use.last else None,
        }  # fmt: skip

    def _infer_once(self, name: str) -> None:
        if name == models.NCF:
            self.recommend("nobody", 1)
        else:
            self.classify(" ".join(self.classifier().words[:5]))

    def _measure(self, name: str, infer: Callable[[], Result]) -> Result:
        use, start = self._stats[name], time.perf_counter()
        try:
            answer = infer()
        except ModelUnavailable:  # a text without a known word is the caller's error, not the model's
            use.errors += 1
            raise
        use.seconds, use.last = time.perf_counter() - start, now()
        use.inferences += 1
        return answer

    def _load_current(
        self, name: str, load: Callable[[Path], FactorModel | Classifier]
    ) -> FactorModel | Classifier:
        path, use = models.model_path(self.folder, name), self._stats[name]
        try:
            found = path.stat()
            mark = (found.st_ino, found.st_mtime_ns)
            with self._lock:
                if use.model is None or use.mark != mark:
                    use.model, use.mark = None, mark
                    use.model = load(self.folder)
                return use.model
        except LOAD_ERRORS as error:
            raise ModelUnavailable(f"{path.name} cannot be loaded: {short_error(error)}") from error


def _size(model: FactorModel | Classifier | None) -> int:
    if model is None:
        return 0
    return sum(part.nbytes for part in vars(model).values() if isinstance(part, np.ndarray))
