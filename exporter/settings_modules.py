"""The modules of the watched backend: where their requests go and how their health is seen."""

from exporter.settings_types import Name, SettingsSection


class ModuleSettings(SettingsSection):
    """A module of the backend: where its requests go, and its own truthful health route where it has one."""

    name: Name
    prefixes: tuple[str, ...] = ()
    health: str | None = None


DEFAULT_MODULES = (
    ModuleSettings(name="annotations", prefixes=("/annotations", "/resources/{resource_id}/annotations")),
    ModuleSettings(name="auth", prefixes=("/api/auth", "/auth")),
    ModuleSettings(name="authority", prefixes=("/authority",)),
    ModuleSettings(name="collections", prefixes=("/collections",), health="/collections/health"),
    ModuleSettings(name="curation", prefixes=("/curation",)),
    ModuleSettings(name="graph", prefixes=("/graph", "/api/graph", "/citations", "/discovery")),
    ModuleSettings(name="monitoring", prefixes=("/api/monitoring",)),
    ModuleSettings(name="quality", prefixes=("/quality",), health="/quality/health"),
    ModuleSettings(name="recommendations", prefixes=("/recommendations",)),
    ModuleSettings(
        name="resources", prefixes=("/resources", "/admin/sparse-embeddings", "/api/v1/ingestion")
    ),
    ModuleSettings(name="scholarly", prefixes=("/scholarly",)),
    ModuleSettings(name="search", prefixes=("/search",), health="/search/health"),
    ModuleSettings(name="taxonomy", prefixes=("/taxonomy",)),
)
