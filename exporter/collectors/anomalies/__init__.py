"""What is unusual: each watched signal beside its expected band. It marks, and never pages."""

from exporter.collector import Collector, Part
from exporter.collectors.anomalies import signals

ANOMALIES = Collector(
    "anomalies",
    "what is unusual, signal by signal",
    (Part("signals", signals.read, signals.METRICS),),
)
