"""Alertmanager by its operator: the routes, receivers and inhibitions of alertmanager.yml."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from stack.errors import StackError
from stack.kubernetes.monitoring import ALPHA, OPERATOR
from stack.kubernetes.objects import Object, camel, in_camel_case, inside, resource, secret_key
from stack.settings import ROOT

SOURCE = ROOT / "alertmanager" / "alertmanager.yml"
NAME, TEMPLATES = "watchroom", "watchroom-templates"
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"')
# lists of pairs in the operator's objects that are mappings in the configuration
PAIRS = ("headers", "details")


def alerting() -> Iterator[Object]:
    """The routing, and two servers that use it for the alerts of every namespace."""
    content = yaml.safe_load(SOURCE.read_text())
    yield resource(ALPHA, "AlertmanagerConfig", NAME, spec=routing(content))
    templates = sorted(it.name for it in SOURCE.parent.glob("templates/*.tmpl"))
    spec = {
        "replicas": 2,
        "alertmanagerConfiguration": {
            "name": NAME,
            "templates": [{"configMap": {"name": TEMPLATES, "key": it}} for it in templates],
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 2000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    yield resource(OPERATOR, "Alertmanager", NAME, spec=spec)


def routing(content: Mapping[str, Any]) -> Object:
    """The content of alertmanager.yml as the operator spells it. Raises StackError."""
    mutes = [time_interval(it) for it in content.get("time_intervals", [])]
    return {
        "route": route(content["route"]),
        "inhibitRules": [inhibition(it) for it in content["inhibit_rules"]],
        "receivers": [receiver(it) for it in content["receivers"]],
        **({"muteTimeIntervals": mutes} if mutes else {}),
    }


def route(body: Mapping[str, Any]) -> Object:
    """A route with those below it."""
    found = {camel(key): value for key, value in body.items() if key not in ("matchers", "routes")}
    if "matchers" in body:
        found["matchers"] = [matcher(it) for it in body["matchers"]]
    if "routes" in body:
        found["routes"] = [route(it) for it in body["routes"]]
    return found


def inhibition(body: Mapping[str, Any]) -> Object:
    """A rule of inhibition."""
    equal = {"equal": body["equal"]} if "equal" in body else {}
    source, target = ([matcher(it) for it in body[f"{end}_matchers"]] for end in ("source", "target"))
    return {"sourceMatch": source, "targetMatch": target, **equal}


def matcher(text: str) -> Object:
    """A matcher in its parts."""
    match = MATCHER.fullmatch(text)
    if match is None:
        raise StackError(f'alertmanager.yml has the matcher {text!r}; expected one like severity="critical"')
    return {"name": match[1], "matchType": match[2], "value": match[3]}


def receiver(body: Mapping[str, Any]) -> Object:
    """A receiver; what a file holds elsewhere is a key of the secret here."""
    kinds = {camel(kind): [integration(it) for it in its] for kind, its in body.items() if kind != "name"}
    return {"name": body["name"], **kinds}


def integration(body: Mapping[str, Any]) -> Object:
    """One way to notify."""
    found: Object = {}
    for key, value in body.items():
        if key.endswith("_file"):
            found[camel(key.removesuffix("_file"))] = secret_key(value)
        elif key in PAIRS:
            found[key] = [{"key": name, "value": text} for name, text in value.items()]
        elif isinstance(value, Mapping):
            found[camel(key)] = integration(value)
        else:
            found[camel(key)] = inside(value) if isinstance(value, str) else value
    return found


def time_interval(body: Mapping[str, Any]) -> Object:
    """A mute time. Raises StackError for one that the operator cannot express."""
    for it in body["time_intervals"]:
        if it.get("location", "UTC") != "UTC":
            raise StackError(
                f"the mute time {body['name']} is in {it['location']}; "
                "expected UTC, since the operator knows no other"
            )
    intervals = [
        {key: it for key, it in each.items() if key != "location"} for each in body["time_intervals"]
    ]
    return {"name": body["name"], "timeIntervals": in_camel_case(intervals)}
