"""Who may connect to whom: NetworkPolicies of exporter, service and worker."""

from collections.abc import Iterator, Mapping

from stack.kubernetes.objects import (
    EXPORTER,
    NAME_LABEL,
    PORTS,
    SERVICE,
    WORKER,
    Object,
    resource,
    selecting,
)

DNS = 53
POSTGRES, REDIS, BACKEND, PROMETHEUS_PORT, ALERTMANAGER_PORT, HTTPS = 5432, 6379, 8000, 9090, 9093, 443
# the ports to which each connects; change them with the addresses
EGRESS: Mapping[str, tuple[int, ...]] = {
    EXPORTER: (BACKEND, POSTGRES, REDIS, PORTS[SERVICE], PROMETHEUS_PORT),
    SERVICE: (POSTGRES, REDIS, PROMETHEUS_PORT, ALERTMANAGER_PORT),
    # it clones repositories over HTTPS
    WORKER: (POSTGRES, REDIS, PROMETHEUS_PORT, HTTPS),
}
# pods of this namespace that connect to it, by name; browsers come through the ingress controller
INGRESS: Mapping[str, tuple[str, ...]] = {
    EXPORTER: ("prometheus",),
    SERVICE: ("prometheus", "alertmanager", "exporter", "grafana"),
    WORKER: (),
}
INGRESS_NAMESPACE = "ingress-nginx"


def policies() -> Iterator[Object]:
    """One for each."""
    for name in EGRESS:
        spec = {
            "podSelector": selecting(name),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress(name),
            "egress": [
                {"ports": [{"port": DNS, "protocol": "UDP"}, {"port": DNS, "protocol": "TCP"}]},
                {"ports": [{"port": port, "protocol": "TCP"} for port in EGRESS[name]]},
            ],
        }
        yield resource("networking.k8s.io/v1", "NetworkPolicy", name, spec=spec)


def ingress(name: str) -> list[Object]:
    """Who may connect to it; nobody where the list is empty."""
    peers: list[Object] = [{"podSelector": {"matchLabels": {NAME_LABEL: it}}} for it in INGRESS[name]]
    if name == SERVICE:
        peers.append(
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": INGRESS_NAMESPACE}}}
        )
    return [{"from": peers, "ports": [{"port": "http"}]}] if peers else []
