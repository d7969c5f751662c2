"""The error of the stack."""


class StackError(Exception):
    """The stack cannot start or had to stop; the text is one sentence for the terminal."""
