"""Deployments, Services and settings of exporter, service and worker, as docker-compose.yml runs them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from stack.kubernetes.objects import (
    EXPORTER,
    NAME_LABEL,
    PART_OF,
    PORTS,
    SERVICE,
    TOKENS,
    WORKER,
    Object,
    inside,
    resource,
    selecting,
)
from stack.settings import ROOT

DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
# what each needs and may have; the worker clones repositories
RESOURCES = {
    EXPORTER: ("100m", "96Mi", "256Mi"),
    SERVICE: ("100m", "192Mi", "512Mi"),
    WORKER: ("200m", "256Mi", "1Gi"),
}
SETTINGS = {EXPORTER: "watchroom-exporter", SERVICE: "watchroom-service", WORKER: "watchroom-service"}
THRESHOLDS = "watchroom-thresholds"
USER = 10001  # of the images
LOCKED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
FOLDERS = {"tmp": "/tmp", "state": "/var/lib/watchroom"}  # noqa: S108  (of the container)


def workloads() -> Iterator[Object]:
    """All of them."""
    services = compose_services()
    yield resource("v1", "ConfigMap", SETTINGS[EXPORTER], data=environment(services[EXPORTER]))
    yield resource("v1", "ConfigMap", SETTINGS[SERVICE], data=environment(services[SERVICE]))
    for name in (EXPORTER, SERVICE, WORKER):
        yield deployment(name, services[name])
    for name, port in PORTS.items():
        ports = [{"name": "http", "port": port, "targetPort": "http"}]
        yield resource(
            "v1", "Service", name, spec={"selector": {**PART_OF, NAME_LABEL: name}, "ports": ports}
        )


def compose_services() -> Mapping[str, Any]:
    """The services of docker-compose.yml."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """The environment with the defaults of Compose, at the addresses of the cluster."""
    return {key: inside(DEFAULT.sub(r"\1", str(text))) for key, text in service["environment"].items()}


def deployment(name: str, service: Mapping[str, Any]) -> Object:
    """One replica: two exporters would poll the backend twice."""
    labels = {**PART_OF, NAME_LABEL: name}
    spec = {
        "replicas": 1,
        "selector": selecting(name),
        "template": {"metadata": {"labels": labels}, "spec": pod(name, service)},
    }
    return resource("apps/v1", "Deployment", name, spec=spec)


def pod(name: str, service: Mapping[str, Any]) -> Object:
    """The pod: not root, without a token of the cluster."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container(name, service)],
        "volumes": [
            *({"name": folder, "emptyDir": {"sizeLimit": "2Gi"}} for folder in FOLDERS),
            {"name": "tokens", "secret": {"secretName": TOKENS}},
            *([] if name == EXPORTER else [{"name": "thresholds", "configMap": {"name": THRESHOLDS}}]),
        ],
    }


def container(name: str, service: Mapping[str, Any]) -> Object:
    """The container, with a read-only root."""
    cpu, memory, most = RESOURCES[name]
    mounts = [
        *({"name": folder, "mountPath": path} for folder, path in FOLDERS.items()),
        {"name": "tokens", "mountPath": "/run/secrets", "readOnly": True},
        *(
            []
            if name == EXPORTER
            else [{"name": "thresholds", "mountPath": "/etc/watchroom", "readOnly": True}]
        ),
    ]
    # the image's entry point reads the secrets
    command = {"args": list(service["command"])} if "command" in service else {}
    return {
        "name": name,
        "image": str(service["image"]),
        **command,
        "envFrom": [{"configMapRef": {"name": SETTINGS[name]}}],
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": most}},
        "securityContext": LOCKED,
        "volumeMounts": mounts,
        **(probes(PORTS[name]) if name in PORTS else {}),
    }


def probes(port: int) -> Object:
    """Ready once its sources are open; restarted only when it answers nothing for half a minute."""
    ready, healthy = (
        {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 3}
        for path in ("/-/ready", "/-/healthy")
    )
    return {
        "ports": [{"name": "http", "containerPort": port}],
        "startupProbe": {**healthy, "periodSeconds": 2, "failureThreshold": 60},
        "readinessProbe": {**ready, "periodSeconds": 10},
        "livenessProbe": {**healthy, "periodSeconds": 10, "failureThreshold": 3},
    }
