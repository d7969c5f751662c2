"""Why the stack cannot start, or had to stop."""


class StackError(Exception):
    """The reason, in one sentence for the person at the terminal."""
