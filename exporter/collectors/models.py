"""The models: which are reported to be there, and which were seen to work."""

from exporter.collector import Collector, Part
from exporter.collectors import models_ml_health, models_states

MODELS = Collector(
    "models",
    "each model as reported and as verified, its inferences, its file",
    (
        Part("states", models_states.read, models_states.METRICS),
        Part("ml_health", models_ml_health.read, models_ml_health.METRICS),
    ),
)
