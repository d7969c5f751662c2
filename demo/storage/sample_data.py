"""The made-up library that the demo starts with."""

TOPICS: dict[str, tuple[str, ...]] = {
    "Astronomy": (
        "star",
        "orbit",
        "telescope",
        "spectrum",
        "galaxy",
        "comet",
        "lens",
        "dust",
        "pulsar",
        "redshift",
    ),
    "Botany": ("leaf", "root", "pollen", "moss", "seed", "stem", "forest", "bloom", "lichen", "sap"),
    "Computing": (
        "cache",
        "queue",
        "index",
        "thread",
        "parser",
        "kernel",
        "socket",
        "graph",
        "tensor",
        "compiler",
    ),
    "Geology": (
        "basalt",
        "fault",
        "mantle",
        "quartz",
        "strata",
        "magma",
        "erosion",
        "fossil",
        "ridge",
        "glacier",
    ),
    "History": (
        "archive",
        "harbour",
        "treaty",
        "guild",
        "chronicle",
        "empire",
        "ledger",
        "siege",
        "census",
        "coin",
    ),
    "Music": ("chord", "tempo", "fugue", "viola", "score", "rhythm", "choir", "organ", "cadence", "tuning"),
}
TITLE_TEMPLATES = (
    "A survey of {0} and {1}",
    "{0} under {1}",
    "Notes on {0}",
    "How {0} shapes {1}",
    "{0}, {1} and the rest",
)
PEOPLE = (
    "ada", "bela", "carlo", "dilan", "edith", "femi", "greta", "hana", "ivo", "jun", "kofi", "lena", "mira",
    "noor", "omar", "petra", "quinn", "rosa", "sami", "tove",
)  # fmt: skip
REPOSITORIES = (
    "github.com/lighthouse/lamp", "github.com/lighthouse/foghorn", "github.com/harbour/pilot",
    "github.com/harbour/tides", "github.com/keepers/logbook", "github.com/keepers/lens",
)  # fmt: skip
INTERACTIONS = ("view", "annotation", "collection_add", "export", "rating")
STRATEGIES = ("collaborative", "content", "graph", "hybrid")
