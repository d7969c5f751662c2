"""What objects of Kubernetes have in common: kind, name, labels, and names in camel case."""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
NAMESPACE = "watchroom"
PART_OF = {"app.kubernetes.io/part-of": "watchroom"}
NAME_LABEL = "app.kubernetes.io/name"
TOKENS = "watchroom-tokens"  # the secret, with the keys of stack/compose/secrets
EXPORTER, SERVICE, WORKER = "exporter", "service", "worker"
PORTS = {EXPORTER: 9810, SERVICE: 8090}
# the names of the services that the operator makes
PROMETHEUS, ALERTMANAGER = "prometheus-operated", "alertmanager-operated"
ADDRESSES = {
    "127.0.0.1:9810": "exporter:9810",
    "127.0.0.1:8090": "service:8090",
    "127.0.0.1:9090": f"{PROMETHEUS}:9090",
    "127.0.0.1:9093": f"{ALERTMANAGER}:9093",
    "//prometheus:9090": f"//{PROMETHEUS}:9090",
    "//alertmanager:9093": f"//{ALERTMANAGER}:9093",
    # the demo runs under Compose alone
    "//demo:8000": "//backend:8000",
}


def resource(api: str, kind: str, name: str, **content: Any) -> Object:
    """An object with our labels."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "labels": {**PART_OF, NAME_LABEL: name}},
        **content,
    }


def selecting(name: str) -> Object:
    """The selector of the pods of this name."""
    return {"matchLabels": {**PART_OF, NAME_LABEL: name}}


def inside(text: str) -> str:
    """The text with the addresses that hold in the cluster."""
    for address, name in ADDRESSES.items():
        text = text.replace(address, name)
    return text


def secret_key(file: str) -> Object:
    """The key of the secret that holds what this file holds elsewhere."""
    return {"name": TOKENS, "key": file.rpartition("/")[2]}


def camel(key: str) -> str:
    """A key of a configuration as the operator spells it."""
    first, *rest = key.split("_")
    return first + "".join("URL" if it == "url" else it.capitalize() for it in rest)


def in_camel_case(value: Any) -> Any:
    """The value with all keys so spelled."""
    if isinstance(value, Mapping):
        return {camel(str(key)): in_camel_case(it) for key, it in value.items()}
    return [in_camel_case(it) for it in value] if isinstance(value, list) else value
