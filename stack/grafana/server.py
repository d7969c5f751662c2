"""The Grafana that runs: where it is, how it is started, and what it may do."""

import shutil
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from stack.grafana.package import unpacked_home
from stack.grafana.repository import FILE, Repository, read_repository
from stack.settings import HOST, Settings
from stack.shown import short_path

ROOT = Path(__file__).parents[2]
# nothing is sent to anybody outside this machine, and nothing is fetched from there
NO_CALLS_HOME: Mapping[str, str] = {
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED": "false",
    "GF_NEWS_NEWS_FEED_ENABLED": "false",
    "GF_SECURITY_DISABLE_GRAVATAR": "true",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
    "GF_PLUGINS_PLUGIN_ADMIN_ENABLED": "false",
    "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    "GF_PLUGINS_PREINSTALL_AUTO_UPDATE": "false",
    "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
}


def folder(settings: Settings) -> Path:
    """Where Grafana keeps its data in this run."""
    return settings.home / "grafana"


def cache(settings: Settings) -> Path:
    """Where a downloaded Grafana is unpacked."""
    return settings.home / "cache" / "grafana"


def repository(settings: Settings) -> Repository:
    """From where Grafana would be downloaded. Raises StackError."""
    return read_repository(settings.grafana_repository or FILE)


def find_home(settings: Settings) -> Path | None:
    """The home of the Grafana on the PATH, else of an unpacked one; None where there is neither."""
    installed = shutil.which("grafana-server")
    home = home_beside(Path(installed)) if installed else None
    return home or unpacked_home(repository(settings), cache(settings))


def home_beside(program: Path) -> Path | None:
    """The home path of an installed grafana-server.

    An archive has it one level above bin/, packages in share/grafana beside bin/ or sbin/.
    """
    for place in (program, program.resolve()):
        prefix = place.parent.parent
        for home in (prefix, prefix / "share" / "grafana"):
            if (home / "conf" / "defaults.ini").is_file():
                return home
    return None


def command(home: Path, settings: Settings) -> tuple[str, ...]:
    """The command line of the Grafana at this home."""
    server = home / "bin" / "grafana"
    program = (str(server), "server") if server.is_file() else (str(home / "bin" / "grafana-server"),)
    # without it an administrator's file would be read
    return (*program, "--homepath", str(home), "--config", str(folder(settings) / "grafana.ini"))


def environment(settings: Settings) -> dict[str, str]:
    """Grafana's settings in this run."""
    data = folder(settings)
    return {
        **NO_CALLS_HOME,
        "GF_SERVER_HTTP_ADDR": str(settings.grafana_host),
        "GF_SERVER_HTTP_PORT": str(settings.grafana_port),
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PLUGINS": str(data / "plugins"),
        "GF_PATHS_PROVISIONING": str(ROOT / "grafana" / "provisioning"),
        "GF_LOG_MODE": "console",
        "GF_AUTH_ANONYMOUS_ENABLED": str(is_loopback(settings)).lower(),
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_SECURITY_ADMIN_PASSWORD": f"$__file{{{password_file(settings)}}}",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(ROOT / "grafana" / "generated" / "overview.json"),
        "WATCHROOM_ROOT": str(ROOT),
        "PROMETHEUS_URL": f"http://{HOST}:{settings.prometheus_port}",
        "ALERTMANAGER_URL": f"http://{HOST}:{settings.alertmanager_port}",
    }


def is_loopback(settings: Settings) -> bool:
    """Whether only this machine reaches Grafana; then, and only then, viewing needs no sign-in."""
    return settings.grafana_host.is_loopback


def password_file(settings: Settings) -> Path:
    """The file with the password of Grafana's admin."""
    return folder(settings) / "admin-password"


def url(settings: Settings) -> str:
    """Where a browser on this machine opens it."""
    host = settings.grafana_host
    reachable = ip_address(HOST) if host.is_unspecified else host
    name = f"[{reachable}]" if reachable.version == 6 else str(reachable)
    return f"http://{name}:{settings.grafana_port}"


def sign_in(settings: Settings) -> str:
    """Who may view, in words."""
    admin = f"admin's password: {short_path(password_file(settings))}"
    return f"viewing needs no sign-in; {admin}" if is_loopback(settings) else admin
