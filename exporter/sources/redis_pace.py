"""How often what takes many commands may be done, so that all of it together stays a small share."""

COMMANDS_A_SECOND = 6.0  # of one such task, on average


def interval_for_commands(period: float, commands: int) -> float:
    """The period, or a longer one after which so many commands are few again; an hour at most."""
    return min(max(period, commands / COMMANDS_A_SECOND), 3600.0)
