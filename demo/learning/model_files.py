"""Model files on disk: written in one step, read without trust."""

from pathlib import Path
from typing import Any

import numpy as np

from demo.learning.classifier import Classifier
from demo.learning.factors import Factors

NCF = "ncf_model"
CLASSIFIER = "classifier"
MODELS = (NCF, CLASSIFIER)


def model_path(folder: Path, name: str) -> Path:
    """Where the file of this model lies."""
    return folder / f"{name}.npz"


def save_factors(folder: Path, model: Factors) -> Path:
    """Write the recommendation model."""
    return _write(
        model_path(folder, NCF),
        {"users": np.array(model.users), "items": np.array(model.items),
         "user_vectors": model.user_vectors, "item_vectors": model.item_vectors},
    )  # fmt: skip


def load_factors(folder: Path) -> Factors:
    """Read the recommendation model; raises OSError, ValueError, KeyError or BadZipFile."""
    with np.load(model_path(folder, NCF), allow_pickle=False) as found:
        return Factors(
            tuple(found["users"].tolist()), tuple(found["items"].tolist()),
            found["user_vectors"], found["item_vectors"],
        )  # fmt: skip


def save_classifier(folder: Path, model: Classifier) -> Path:
    """Write the topic classifier."""
    return _write(
        model_path(folder, CLASSIFIER),
        {"topics": np.array(model.topics), "words": np.array(model.words),
         "log_prior": model.log_prior, "log_likelihood": model.log_likelihood},
    )  # fmt: skip


def load_classifier(folder: Path) -> Classifier:
    """Read the topic classifier; raises OSError, ValueError, KeyError or BadZipFile if it cannot be read."""
    with np.load(model_path(folder, CLASSIFIER), allow_pickle=False) as found:
        return Classifier(
            tuple(found["topics"].tolist()), tuple(found["words"].tolist()),
            found["log_prior"], found["log_likelihood"],
        )  # fmt: skip


def _write(path: Path, arrays: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new.npz")
    np.savez(fresh, **arrays)
    fresh.replace(path)
    return path
