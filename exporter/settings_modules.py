"""The modules of the watched backend: where their requests go and how their health is seen."""

from exporter.settings_types import Name, Section


class Module(Section):
    """A module of the backend: where its requests go, and its own truthful health route where it has one."""

    name: Name
    prefixes: tuple[str, ...] = ()
    health: str | None = None


MODULES = (
    Module(name="annotations", prefixes=("/annotations", "/resources/{resource_id}/annotations")),
    Module(name="auth", prefixes=("/api/auth", "/auth")),
    Module(name="authority", prefixes=("/authority",)),
    Module(name="collections", prefixes=("/collections",), health="/collections/health"),
    Module(name="curation", prefixes=("/curation",)),
    Module(name="graph", prefixes=("/graph", "/api/graph", "/citations", "/discovery")),
    Module(name="monitoring", prefixes=("/api/monitoring",)),
    Module(name="quality", prefixes=("/quality",), health="/quality/health"),
    Module(name="recommendations", prefixes=("/recommendations",)),
    Module(name="resources", prefixes=("/resources", "/admin/sparse-embeddings", "/api/v1/ingestion")),
    Module(name="scholarly", prefixes=("/scholarly",)),
    Module(name="search", prefixes=("/search",), health="/search/health"),
    Module(name="taxonomy", prefixes=("/taxonomy",)),
)
