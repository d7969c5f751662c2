"""Prometheus by its operator: its jobs, its rules, and the server itself, as prometheus.yml has them."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from stack.kubernetes.objects import (
    ALERTMANAGER,
    EXPORTER,
    NAMESPACE,
    PART_OF,
    SERVICE,
    Object,
    in_camel_case,
    resource,
    secret_key,
    selecting,
)
from stack.settings import ROOT

OPERATOR, ALPHA = "monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"
# the pods behind the default targets of the jobs
TARGETS = {"127.0.0.1:9810": EXPORTER, "127.0.0.1:8090": SERVICE}
OPERATED = {
    "127.0.0.1:9090": {"operated-prometheus": "true"},
    "127.0.0.1:9093": {"operated-alertmanager": "true"},
}
BACKEND, BACKEND_TARGET = "backend", "backend:8000"
SERVER, RELABELING = "watchroom-prometheus", "watchroom-alert-relabeling"
RULES = ROOT / "prometheus" / "rules"
OURS = {"matchLabels": PART_OF}


def jobs() -> Iterator[Object]:
    """The jobs under their own names; Grafana's own is left out, since it is deployed elsewhere."""
    for job in configuration()["scrape_configs"]:
        target = job["static_configs"][0]["targets"][0]
        if job["job_name"] == BACKEND:
            yield backend(job)
        elif target in TARGETS:
            yield service_monitor(job, selecting(TARGETS[target]), "http")
        elif target in OPERATED:
            yield service_monitor(job, {"matchLabels": OPERATED[target]}, "web")


def service_monitor(job: Mapping[str, Any], selector: Object, port: str) -> Object:
    """A job, with its interval, its parameters and what it keeps."""
    optional = {
        "interval": job.get("scrape_interval"),
        "scrapeTimeout": job.get("scrape_timeout"),
        "path": job.get("metrics_path"),
        "params": job.get("params"),
    }
    endpoint = {
        "port": port,
        **{key: value for key, value in optional.items() if value is not None},
        # rules and dashboards select jobs by these names
        "relabelings": [named(job["job_name"])],
        **metric_relabelings(job),
    }
    spec = {"selector": selector, "endpoints": [endpoint]}
    return resource(OPERATOR, "ServiceMonitor", job["job_name"], spec=spec)


def backend(job: Mapping[str, Any]) -> Object:
    """The job of the watched backend, at an address that a Service or a patch gives."""
    spec = {
        "staticConfigs": [{"targets": [BACKEND_TARGET]}],
        "authorization": {"credentials": {**secret_key("backend-token")}},
        "relabelings": [named(BACKEND)],
        **metric_relabelings(job),
    }
    return resource(ALPHA, "ScrapeConfig", BACKEND, spec=spec)


def named(job: str) -> Object:
    """The rule that gives a job its name."""
    return {"targetLabel": "job", "replacement": job}


def metric_relabelings(job: Mapping[str, Any]) -> Object:
    """What the job keeps, drops and renames."""
    found = job.get("metric_relabel_configs")
    return {"metricRelabelings": in_camel_case(found)} if found else {}


def rules() -> Iterator[Object]:
    """Every rule file."""
    for file in sorted(RULES.glob("*.yml")):
        groups = yaml.safe_load(file.read_text())["groups"]
        yield resource(OPERATOR, "PrometheusRule", f"watchroom-{file.stem}", spec={"groups": groups})


def prometheus() -> Iterator[Object]:
    """Two servers with the same rules, whose alerts have no label of the replica, and their rights."""
    settings = configuration()
    relabeling = yaml.safe_dump(settings["alerting"]["alert_relabel_configs"], sort_keys=False)
    yield resource("v1", "ServiceAccount", SERVER)
    yield resource("rbac.authorization.k8s.io/v1", "Role", SERVER, rules=reading())
    yield resource(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        SERVER,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": SERVER},
        subjects=[{"kind": "ServiceAccount", "name": SERVER, "namespace": NAMESPACE}],
    )
    yield resource("v1", "Secret", RELABELING, stringData={"relabeling.yaml": relabeling})
    yield resource(OPERATOR, "Prometheus", "watchroom", spec=server(settings))


def server(settings: Mapping[str, Any]) -> Object:
    """The server, with the intervals and labels of prometheus.yml and the flags of docker-compose.yml."""
    scraping = settings["global"]
    alertmanager = settings["alerting"]["alertmanagers"][0]
    return {
        "replicas": 2,
        "replicaExternalLabelName": "replica",
        "prometheusExternalLabelName": "",
        "serviceAccountName": SERVER,
        "scrapeInterval": scraping["scrape_interval"],
        "scrapeTimeout": scraping["scrape_timeout"],
        "evaluationInterval": scraping["evaluation_interval"],
        "externalLabels": scraping["external_labels"],
        "serviceMonitorSelector": OURS,
        "scrapeConfigSelector": OURS,
        "ruleSelector": OURS,
        "alerting": {
            "alertmanagers": [
                {
                    "namespace": NAMESPACE,
                    "name": ALERTMANAGER,
                    "port": "web",
                    "apiVersion": "v2",
                    "timeout": alertmanager["timeout"],
                }
            ]
        },
        "additionalAlertRelabelConfigs": {"name": RELABELING, "key": "relabeling.yaml"},
        "additionalArgs": [{"name": "rules.alert.resend-delay", "value": "5s"}],
        # as GOGC in docker-compose.yml
        "runtime": {"goGC": 400},
        "retention": "35d",
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 2000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "storage": {
            "volumeClaimTemplate": {
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "50Gi"}}}
            }
        },
    }


def reading() -> list[Object]:
    """The rights to find targets in this namespace."""
    verbs = ["get", "list", "watch"]
    return [
        {"apiGroups": [""], "resources": ["services", "endpoints", "pods"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]


def configuration() -> Mapping[str, Any]:
    """The content of prometheus.yml."""
    return dict(yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text()))
