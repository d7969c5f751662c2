"""The clocks of Prometheus and Alertmanager, by which alerts expire before they arrive."""

from prometheus_client.core import GaugeMetricFamily, Metric

from ingestion_api.service import Service


def clock_difference(service: Service) -> Metric:
    """How far each server's clock is ahead of ours; none for a server that has not responded yet."""
    family = GaugeMetricFamily(
        "ops_service_clock_difference_seconds",
        "Clock of the server minus the service's, by the Date of its responses; 0 below two seconds.",
        labels=["server"],
    )
    for name, server in (("alertmanager", service.alertmanager), ("prometheus", service.history)):
        if server is not None and server.ahead is not None:
            family.add_metric([name], server.ahead.total_seconds())
    return family
