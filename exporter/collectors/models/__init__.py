"""The models: which are reported to be there, and which were seen to work."""

from exporter.collector import Collector, Part
from exporter.collectors.models import ml_health, states

MODELS = Collector(
    "models",
    "each model as reported and as verified, its inferences, its file",
    (
        Part("states", states.read_states, states.STATES_METRICS),
        Part("ml_health", ml_health.read_ml_health, ml_health.ML_HEALTH_METRICS),
    ),
)
