"""The process of Grafana: its home path, its command and its settings."""

import shutil
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from stack.grafana.package import unpacked_home
from stack.grafana.repository import FILE, Repository, read_repository
from stack.process_spec import Port, ProcessSpec
from stack.settings import HOST, ROOT, Settings
from stack.table import short_path

# Grafana connects to no host outside this machine
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


def grafana_spec(settings: Settings) -> ProcessSpec | None:
    """The process of Grafana; None with GRAFANA=no. Raises StackError: the repository's file is wrong."""
    if not settings.grafana:
        return None
    url = grafana_url(settings)
    return ProcessSpec(
        name="grafana",
        # finds or downloads Grafana, and becomes it
        command=(sys.executable, "-m", "stack.grafana"),
        ready_url=f"{url}/api/health",
        url=url,
        description=f"dashboards ({sign_in_hint(settings)})",
        ports=(Port(settings.grafana_port, "GRAFANA_PORT", str(settings.grafana_host)),),
        environment=environment(settings),
        optional=True,
        awaited=find_home(settings) is not None,
        status_file=data_dir(settings) / "status",
    )


def data_dir(settings: Settings) -> Path:
    """The folder of Grafana's data in this run."""
    return settings.home / "grafana"


def cache_dir(settings: Settings) -> Path:
    """The folder into which Grafana is downloaded and unpacked."""
    return settings.home / "cache" / "grafana"


def targets_file(settings: Settings) -> Path:
    """The file from which Prometheus reads Grafana's address once it runs."""
    return data_dir(settings) / "targets.json"


def repository_of(settings: Settings) -> Repository:
    """The repository of Grafana's package. Raises StackError."""
    return read_repository(settings.grafana_repository or FILE)


def find_home(settings: Settings) -> Path | None:
    """The home path of the Grafana on the PATH, else of an unpacked one; None without either."""
    installed = shutil.which("grafana-server")
    home = home_beside(Path(installed)) if installed else None
    return home or unpacked_home(repository_of(settings), cache_dir(settings))


def home_beside(program: Path) -> Path | None:
    """The home path of an installed grafana-server.

    An archive has it one level above bin/, packages in share/grafana beside bin/ or sbin/.
    """
    for path in (program, program.resolve()):
        prefix = path.parent.parent
        for home in (prefix, prefix / "share" / "grafana"):
            if (home / "conf" / "defaults.ini").is_file():
                return home
    return None


def command(home: Path, settings: Settings) -> tuple[str, ...]:
    """The command line of the Grafana at this home."""
    server = home / "bin" / "grafana"
    program = (str(server), "server") if server.is_file() else (str(home / "bin" / "grafana-server"),)
    # without --config Grafana would read an administrator's file
    return (*program, "--homepath", str(home), "--config", str(data_dir(settings) / "grafana.ini"))


def environment(settings: Settings) -> dict[str, str]:
    """Grafana's settings in this run."""
    data = data_dir(settings)
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
    """Whether only this machine can reach Grafana, so that viewing needs no sign-in."""
    return settings.grafana_host.is_loopback


def password_file(settings: Settings) -> Path:
    """The file with the password of Grafana's admin."""
    return data_dir(settings) / "admin-password"


def grafana_url(settings: Settings) -> str:
    """The URL for a browser on this machine."""
    host = settings.grafana_host
    reachable = ip_address(HOST) if host.is_unspecified else host
    name = f"[{reachable}]" if reachable.version == 6 else str(reachable)
    return f"http://{name}:{settings.grafana_port}"


def sign_in_hint(settings: Settings) -> str:
    """Whether viewing needs a sign-in, and the file with the admin's password."""
    admin = f"admin's password: {short_path(password_file(settings))}"
    return f"viewing needs no sign-in; {admin}" if is_loopback(settings) else admin
