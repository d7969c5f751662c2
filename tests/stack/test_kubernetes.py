"""The kustomize base: valid by the schemas of Kubernetes and of the Prometheus operator, and complete."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from alertmanager.receivers import Receivers
from alertmanager.routing import configuration
from stack.errors import StackError
from stack.kubernetes.__main__ import stale_files
from stack.kubernetes.alerting import routing
from stack.kubernetes.network import EGRESS
from stack.kubernetes.objects import NAME_LABEL, PART_OF, TOKENS, resource
from stack.kubernetes.render import FOLDER, LIST
from stack.settings import ROOT
from tests.prometheus.rule_files import FILES, read
from tests.stack.kubernetes_schemas import flaws

Object = dict[str, Any]
SECRETS = set(re.findall(r"[a-z]+-(?:token|password)", (ROOT / "stack/compose/secrets.sh").read_text()))
SERVICES = ("exporter", "service", "worker")


def written() -> Iterator[Object]:
    """Every object of the base, and the ConfigMaps that kustomize makes."""
    for file in sorted((ROOT / FOLDER).glob("*.yaml")):
        yield from yaml.load_all(file.read_text(), yaml.CSafeLoader)
    for it in kustomization()["configMapGenerator"]:
        metadata = {"name": it["name"], **{key: it["options"][key] for key in ("labels",)}}
        metadata["annotations"] = it["options"].get("annotations", {})
        data = {name.rpartition("/")[2]: (ROOT / name).read_text() for name in it["files"]}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def kustomization() -> Object:
    """The list of the base."""
    return dict(yaml.safe_load((ROOT / LIST).read_text()))


OBJECTS = list(written())


def find(kind: str, name: str) -> Object:
    """The one object of this kind and name."""
    [found] = [it for it in OBJECTS if (it["kind"], it["metadata"]["name"]) == (kind, name)]
    return found


def test_the_base_is_current() -> None:
    assert sorted(stale_files()) == [], "run `make kubernetes`"


def test_the_base_lists_its_files_and_no_other() -> None:
    listed = kustomization()["resources"]
    assert sorted(listed) == sorted(str(it.relative_to(ROOT)) for it in (ROOT / FOLDER).glob("*.yaml"))


def test_each_object_is_valid() -> None:
    assert [flaw for it in OBJECTS for flaw in flaws(it)] == []
    every = {"slack": {"webhook_file": "a/slack", "channel": "#a"}, "pagerduty": {"key_file": "a/key"}}
    email = {
        "to": "a@b.c",
        "from": "d@b.c",
        "smarthost": "b.c:587",
        "username": "d",
        "password_file": "a/mail",
    }
    mute = [{"name": "nights", "days": ["monday:friday"], "from": "20:00", "to": "24:00"}]
    spec = routing(configuration(receivers(**every, email=email, mute=mute)))
    assert flaws(resource("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "a", spec=spec)) == []
    assert mistakes() == []


def mistakes() -> list[str]:
    """Kinds in which the schemas miss a mistake."""
    operated = {"ServiceMonitor", "PrometheusRule", "AlertmanagerConfig", "Prometheus", "ScrapeConfig"}
    kinds = {"Deployment", "Service", "NetworkPolicy", *operated}
    one_of_each = {it["kind"]: it for it in OBJECTS if it["kind"] in kinds}
    assert one_of_each.keys() == kinds
    return [
        kind for kind, it in one_of_each.items() if not flaws({**it, "spec": {**it["spec"], "mistake": 1}})
    ]


def receivers(**more: Any) -> Receivers:
    """Receivers with the service and these."""
    return Receivers.model_validate(
        {"service": {"url": "http://127.0.0.1:8090/x", "token_file": "webhook-token"}, **more}
    )


@pytest.mark.parametrize("name", SERVICES)
def test_pods_have_no_rights_and_limits(name: str) -> None:
    pod = find("Deployment", name)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["resources"]["limits"]["memory"]
    # the worker listens on no port: if its process ends, the container ends
    assert ("readinessProbe" in container) == ("livenessProbe" in container) == (name != "worker")


@pytest.mark.parametrize("name", SERVICES)
def test_pods_run_what_compose_runs(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][name]
    [container] = find("Deployment", name)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == compose["image"]
    assert container.get("args") == compose.get("command")
    settings = find("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    assert settings.keys() == compose["environment"].keys()
    assert not any("$" in it for it in settings.values())


@pytest.mark.parametrize("name", SERVICES)
def test_the_network_policies_let_each_reach_what_its_settings_name(name: str) -> None:
    [container] = find("Deployment", name)["spec"]["template"]["spec"]["containers"]
    settings = find("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    urls = [urlsplit(value) for key, value in settings.items() if "://" in value and "PUBLIC" not in key]
    ports = {it.port or {"postgresql+psycopg": 5432}[it.scheme] for it in urls}
    # the worker is told of Alertmanager, which the service alone asks
    assert ports - {9093} <= set(EGRESS[name])
    policy = find("NetworkPolicy", name)["spec"]
    assert policy["podSelector"]["matchLabels"] == {**PART_OF, NAME_LABEL: name}
    assert policy["policyTypes"] == ["Ingress", "Egress"]


def test_the_jobs_are_those_of_prometheus() -> None:
    jobs = read(ROOT / "prometheus" / "prometheus.yml")["scrape_configs"]
    monitors = {
        it["metadata"]["name"]: it for it in OBJECTS if it["kind"] in ("ServiceMonitor", "ScrapeConfig")
    }
    assert monitors.keys() == {it["job_name"] for it in jobs} - {"grafana"}
    fast = monitors["exporter-fast"]["spec"]["endpoints"][0]
    assert (fast["interval"], fast["scrapeTimeout"]) == ("250ms", "250ms")
    assert fast["metricRelabelings"][-1] == {
        "sourceLabels": ["__name__"],
        "regex": "(.+)",
        "targetLabel": "__name__",
        "replacement": "fast:$1",
    }
    assert fast["relabelings"] == [{"targetLabel": "job", "replacement": "exporter-fast"}]


def test_the_rules_are_those_of_the_rule_files() -> None:
    rules = [it["spec"]["groups"] for it in OBJECTS if it["kind"] == "PrometheusRule"]
    assert rules == [read(file)["groups"] for file in sorted(FILES)]


def test_whatever_is_named_is_there() -> None:
    maps = {it["metadata"]["name"]: it.get("data", {}) for it in OBJECTS if it["kind"] == "ConfigMap"}
    for found in references(OBJECTS):
        if found.get("name") == TOKENS:
            assert found["key"] in SECRETS, found
        elif found.get("name") in maps:
            assert found["key"] in maps[found["name"]], found
    volumes = [
        it for name in SERVICES for it in find("Deployment", name)["spec"]["template"]["spec"]["volumes"]
    ]
    assert {it["configMap"]["name"] for it in volumes if "configMap" in it} <= maps.keys()
    assert {it["secret"]["secretName"] for it in volumes if "secret" in it} == {TOKENS}


def references(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every reference to a key of a ConfigMap or a Secret."""
    if isinstance(node, list):
        for it in node:
            yield from references(it)
    elif isinstance(node, dict):
        if node.keys() == {"name", "key"}:
            yield node
        for it in node.values():
            yield from references(it)


def test_grafanas_sidecar_finds_each_dashboard_in_a_config_map_of_its_own() -> None:
    found = [it for it in OBJECTS if it["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
    assert {name for it in found for name in it["data"]} == {
        it.name for it in (ROOT / "grafana" / "generated").glob("*.json")
    }
    assert all(len(text) < 1_000_000 for it in found for text in it["data"].values())


def test_alerts_go_to_the_receivers_of_alertmanager() -> None:
    spec = find("AlertmanagerConfig", "watchroom")["spec"]
    page = next(it for it in spec["route"]["routes"] if it["receiver"] == "page")
    assert page["matchers"] == [
        {"name": "lane", "matchType": "=", "value": "fast"},
        {"name": "severity", "matchType": "=", "value": "critical"},
    ]
    [webhook] = next(it for it in spec["receivers"] if it["name"] == "page")["webhookConfigs"]
    assert webhook["url"] == "http://service:8090/api/v1/alerts/webhook"
    assert webhook["httpConfig"]["authorization"]["credentials"] == {"name": TOKENS, "key": "webhook-token"}
    assert len(spec["inhibitRules"]) == len(configuration(receivers())["inhibit_rules"])


def test_a_mute_time_that_the_operator_cannot_express_is_refused() -> None:
    mute = [{"name": "nights", "from": "20:00", "to": "24:00", "location": "Europe/Berlin"}]
    with pytest.raises(StackError, match="the mute time nights is in Europe/Berlin; expected UTC"):
        routing(configuration(receivers(mute=mute)))
