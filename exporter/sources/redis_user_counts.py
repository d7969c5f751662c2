"""INFO without this process: subtracts its own commands from the server's counts.

The users' counts never fall when the server or the exporter restarts. The server's counts may hold commands
of an earlier exporter; where there was one, the counts that it shares begin at 0.
"""

from collections.abc import Mapping
from typing import Any

from exporter.sources.redis_counts import SENT_COMMANDS, CommandCounts

# the fields of INFO that count what every client does, and our own names for them
TOTALS = {
    "total_commands_processed": "commands",
    "keyspace_hits": "hits",
    "keyspace_misses": "misses",
    "total_connections_received": "connections",
}
# the fields of one command that are counts
COMMAND = {"calls": "calls", "rejected_calls": "rejected", "failed_calls": "failed"}
EXPORTER_COMMAND = "slowlog|get"  # which exporters alone send
CountKey = tuple[str, str]  # what is counted, and of which command or error


class UserCommandCounts:
    """The counts of the users' commands, summed from one INFO to the next."""

    def __init__(self) -> None:
        self._server: dict[CountKey, float] = {}
        self._own: dict[CountKey, float] = {}
        self._users: dict[CountKey, float] = {}
        self._balance: dict[CountKey, float] = {}
        self._sent = 0.0

    def without(self, info: Mapping[str, Any], own: CommandCounts) -> dict[str, Any]:
        """INFO with the users' counts in place of the server's."""
        server = server_counts(info)
        ours = {key: own_count(own, key) for key in server}
        self._sent = own_count(own, ("calls", EXPORTER_COMMAND)) + own_count(
            own, ("rejected", EXPORTER_COMMAND)
        )
        if not self._server:
            self._begin(server, ours, info)
        else:
            self._add(server, ours)
        self._server, self._own = server, ours
        # counts from before a restart stay, even where no such command was sent since
        forgotten: dict[str, Any] = {f"cmdstat_{name}": {} for what, name in self._users if what == "calls"}
        return {name: self._field(name, value) for name, value in {**forgotten, **info}.items()}

    def _begin(
        self, server: dict[CountKey, float], ours: dict[CountKey, float], info: Mapping[str, Any]
    ) -> None:
        sent = command_stat(info, EXPORTER_COMMAND, "calls") + command_stat(
            info, EXPORTER_COMMAND, "rejected_calls"
        )
        is_shared_server = sent > self._sent
        for key, count in server.items():
            what, name = key
            if what == "usec":
                of_users = self._users["calls", name] / max(server["calls", name], 1.0)
                self._users[key] = count * of_users
                continue
            is_shared = what == "total" or name.partition("|")[0] in SENT_COMMANDS or name == "NOPERM"
            if is_shared_server and is_shared:
                self._users[key] = 0.0
                continue
            self._users[key] = max(count - ours[key], 0.0)
            self._balance[key] = min(count - ours[key], 0.0)

    def _add(self, server: dict[CountKey, float], ours: dict[CountKey, float]) -> None:
        is_restarted = any(server.get(key, 0.0) < count for key, count in self._server.items())
        before = {} if is_restarted else self._server
        for key, count in server.items():
            if key[0] == "usec":
                continue
            more = count - before.get(key, 0.0)
            own = ours[key] - self._own.get(key, 0.0)
            # after a restart it is unknown how many of our commands the server has counted
            balance = self._balance.get(key, 0.0) + more - (min(own, more) if is_restarted else own)
            self._balance[key] = min(balance, 0.0)
            self._grow(key, max(balance, 0.0), more, server, before)

    def _grow(
        self,
        key: CountKey,
        users: float,
        more: float,
        server: dict[CountKey, float],
        before: dict[CountKey, float],
    ) -> None:
        self._users[key] = self._users.get(key, 0.0) + users
        time = ("usec", key[1])
        if key[0] == "calls" and time in server:
            spent = server[time] - before.get(time, 0.0)
            share = min(users / more, 1.0) if more > 0 else 0.0
            self._users[time] = self._users.get(time, 0.0) + max(spent, 0.0) * share

    def _field(self, name: str, value: Any) -> Any:
        if name in TOTALS:
            return self._users[("total", TOTALS[name])]
        if name.startswith("errorstat_") and isinstance(value, dict):
            return {**value, "count": self._users[("error", name.removeprefix("errorstat_"))]}
        if not name.startswith("cmdstat_") or not isinstance(value, dict):
            return value
        command = name.removeprefix("cmdstat_")
        counts = {field: self._users.get((ours, command)) for field, ours in COMMAND.items()}
        counts["usec"] = self._users.get(("usec", command))
        return {**value, **{field: count for field, count in counts.items() if count is not None}}


def server_counts(info: Mapping[str, Any]) -> dict[CountKey, float]:
    """Every count of INFO that our commands change."""
    found: dict[CountKey, float] = {}
    for name, value in info.items():
        if name in TOTALS and isinstance(value, int | float):
            found["total", TOTALS[name]] = float(value)
        elif name.startswith("errorstat_") and isinstance(value, dict):
            found["error", name.removeprefix("errorstat_")] = float(value.get("count", 0))
        elif name.startswith("cmdstat_") and isinstance(value, dict):
            command = name.removeprefix("cmdstat_")
            for field, ours in {**COMMAND, "usec": "usec"}.items():
                if isinstance(value.get(field), int | float):
                    found[ours, command] = float(value[field])
    return found


def own_count(own: CommandCounts, key: CountKey) -> float:
    """Our part of this count; servers before Redis 7 count a command with all its subcommands."""
    what, name = key
    if what == "total":
        return float(own.totals[name])
    kept = {"calls": own.calls, "rejected": own.rejected, "failed": own.failed, "error": own.errors}.get(what)
    if kept is None:
        return 0.0
    return float(kept[name] + sum(n for other, n in kept.items() if other.startswith(f"{name}|")))


def command_stat(info: Mapping[str, Any], command: str, field: str) -> float:
    """A field of the command's statistics; servers before Redis 7 have one for all subcommands."""
    for name in (command, command.partition("|")[0]):
        stats = info.get(f"cmdstat_{name}")
        if isinstance(stats, dict) and isinstance(stats.get(field), int | float):
            return float(stats[field])
    return 0.0
