"""The schemas of Kubernetes and of the Prometheus operator, applied to an object."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import kubernetes_validate

KUBERNETES = "1.33"
# a package of Python for each version of the operator's objects
OPERATED = {
    f"monitoring.coreos.com/{version}": f"cloudcoil.models.prometheus_operator.{version}"
    for version in ("v1", "v1alpha1")
}


def flaws(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with an object by the schema of its kind; nothing where it is valid."""
    operated = OPERATED.get(document["apiVersion"])
    try:
        if operated is None:
            kubernetes_validate.validate(dict(document), KUBERNETES, strict=True)
            return []
        # imported when it is needed: it takes seconds, in each process that collects the tests
        model = getattr(import_module(operated), document["kind"]).model_validate(document)
    except (
        ValueError,
        kubernetes_validate.ValidationError,
        kubernetes_validate.SchemaNotFoundError,
    ) as error:
        return [f"{document['kind']} {document['metadata']['name']}: {error}"]
    # the models keep silent about keys that they do not know
    known = model.model_dump(by_alias=True, exclude_none=True, mode="json")
    return [f"{document['kind']} {document['metadata']['name']}: {it}" for it in unknown(document, known)]


def unknown(given: Any, known: Any, place: str = "") -> Iterator[str]:
    """The keys that the model has not taken."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            if not isinstance(known, Mapping) or key not in known:
                yield f"{place}.{key} is not known"
            else:
                yield from unknown(value, known[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(known, list):
        for at, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from unknown(one, other, f"{place}[{at}]")
